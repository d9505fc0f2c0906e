/* reigen-feeder: two simulated agencies, BAMF and LDS-SN, that work through the AnKER Dresden
 * process on a test network, with deviations. The LDS opens every case; the BAMF binds a file
 * number of its own to the case's pseudonym once its node knows the case. Seeded: the same seed
 * makes the same stories. */
#include "base/bytes.h"
#include "base/num.h"
#include "base/time.h"
#include "client/pipeline.h"
#include "crypto/rand.h"
#include "node/cli/cluster.h"
#include "node/cli/feeder_story.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "proto/ledger_codec.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define OPEN_CASES 12
#define KNOWN_MS 15000

/* One agency's case system. */
struct desk {
    struct rg_profile profile;
    struct rg_session *ask;  /* questions */
    struct rg_session *send; /* events */
    struct rg_pipeline *pipe;
};

/* A case under way. */
struct matter {
    const struct rg_feeder_story *story;
    size_t next; /* step */
    uint64_t number;
    bool linked; /* the BAMF knows it under its own file number */
    struct rg_id pseudonym;
};

struct feeder {
    struct desk desk[2]; /* by rg_feeder_story_who */
    struct rg_arena arena;
    struct rg_prng prng;
    struct matter open[OPEN_CASES];
    uint64_t cases;
    uint64_t events;
    uint64_t last_height;
};

static int64_t wall_ms(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
    const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

static int open_desk(struct desk *d, const char *path)
{
    struct rg_pipeline_config config = {.window = 1, .wait = true, .stop = &rg_say_stop};
    int code = rg_profile_load(path, &d->profile);
    code = code == RG_CLI_OK ? rg_profile_session(&d->profile, &d->ask) : code;
    code = code == RG_CLI_OK ? rg_profile_session(&d->profile, &d->send) : code;
    rg_rand(config.stream.b, RG_ID_BYTES);
    if (code == RG_CLI_OK && rg_pipeline_new(d->send, &config, &d->pipe) != RG_OK) {
        rg_say_error("out of memory");
        code = RG_CLI_INTERNAL;
    }
    return code;
}

static void close_desk(struct desk *d)
{
    rg_pipeline_destroy(&d->pipe);
    rg_session_close(&d->send);
    rg_session_close(&d->ask);
    rg_profile_fini(&d->profile);
}

/* Wait until the BAMF's node has the case, which it gets key and entry of from the LDS's node. */
static bool wait_known(struct feeder *f, const struct rg_id *pseudonym)
{
    const int64_t end = rg_line_now() + KNOWN_MS;
    struct rg_session *s = f->desk[RG_FEEDER_STORY_BAMF].ask;
    while (rg_line_now() < end && rg_say_stop == 0) {
        struct rg_answer a = {0};
        if (rg_session_case(s, NULL, pseudonym, &a) == RG_OK) {
            return true;
        }
        pause_ms(20);
    }
    return false;
}

static void fill_event(struct feeder *f, const struct rg_feeder_story_step *step,
                       struct rg_event *e, char day[11])
{
    e->step = rg_bytes_str(step->step);
    e->occurred_ms = wall_ms();
    if (step->field == NULL) {
        return;
    }
    const char *value = step->value;
    if (value == NULL) {
        char text[RG_TIME_TEXT_MAX];
        const int64_t days = 1 + (int64_t)rg_prng_below(&f->prng, 28);
        rg_time_format(e->occurred_ms + days * 86400000, text);
        memcpy(day, text, 10);
        day[10] = '\0';
        value = day;
    }
    e->fields[0] = (struct rg_event_field){rg_bytes_str(step->field), rg_bytes_str(value)};
    e->field_count = 1;
}

/* Record the next step of @m and wait until it is final. */
static int advance(struct feeder *f, struct matter *m)
{
    const struct rg_feeder_story_step *step = &m->story->steps[m->next];
    const bool bamf = step->who == RG_FEEDER_STORY_BAMF;
    struct desk *d = &f->desk[step->who];
    struct rg_event event = {0};
    struct rg_bytes bytes = {NULL, 0};
    char number[64];
    char day[11];
    if (bamf && !m->linked && !wait_known(f, &m->pseudonym)) {
        rg_say_error("the BAMF's node did not learn of a case of the LDS within %d s",
                     KNOWN_MS / 1000);
        return RG_CLI_AGAIN;
    }
    fill_event(f, step, &event, day);
    (void)snprintf(number, sizeof number, "%s-2026-%06" PRIu64, bamf ? "BAMF" : "LDS", m->number);
    const struct rg_bytes file_number = rg_bytes_str(number);
    rg_arena_reset(&f->arena);
    if (rg_ledger_codec_encode_event(&f->arena, &event, &bytes) != RG_OK) {
        rg_say_error("an event cannot be encoded");
        return RG_CLI_INTERNAL;
    }
    const struct rg_pipeline_batch batch = {&bytes, &file_number, 1,
                                            bamf && !m->linked ? &m->pseudonym : NULL};
    rg_err err = rg_pipeline_push(d->pipe, &batch);
    err = err == RG_OK ? rg_pipeline_finish(d->pipe) : err;
    if (err != RG_OK) {
        return rg_say_session(d->send);
    }
    if (m->next == 0) {
        m->pseudonym = rg_pipeline_totals(d->pipe)->pseudonym;
    }
    m->linked = m->linked || bamf;
    m->next++;
    f->events++;
    f->last_height = rg_num_max(f->last_height, rg_pipeline_totals(d->pipe)->last_height);
    return RG_CLI_OK;
}

/* Work until the time is over; in the first rounds every story comes once, so that a short run
 * shows each deviation. */
static int work(struct feeder *f, int64_t end, uint64_t rate)
{
    const int64_t pause = rate > 0 ? (int64_t)(1000 / rate) : 0;
    int code = RG_CLI_OK;
    while (code == RG_CLI_OK && rg_line_now() < end && rg_say_stop == 0) {
        struct matter *m = &f->open[rg_prng_below(&f->prng, OPEN_CASES)];
        if (m->story == NULL) {
            *m = (struct matter){.story = rg_feeder_story_pick(&f->prng, f->cases),
                                 .number = ++f->cases};
        }
        code = advance(f, m);
        if (code == RG_CLI_OK && m->story->steps[m->next].step == NULL) {
            m->story = NULL;
        }
        pause_ms(pause);
    }
    return code;
}

/* Finish what was begun, so that the deviations of short runs are seen too. */
static int finish(struct feeder *f)
{
    int code = RG_CLI_OK;
    for (size_t i = 0; i < OPEN_CASES; i++) {
        struct matter *m = &f->open[i];
        while (code == RG_CLI_OK && rg_say_stop == 0 && m->story != NULL) {
            code = advance(f, m);
            if (code == RG_CLI_OK && m->story->steps[m->next].step == NULL) {
                m->story = NULL;
            }
        }
    }
    return code;
}

static int feed(const struct rg_cluster *c, uint64_t seed, uint64_t seconds, uint64_t rate)
{
    static struct feeder f;
    char path[RG_CLI_PATH_MAX];
    if (rg_arena_init(&f.arena, 64 * 1024) != RG_OK) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    rg_prng_init(&f.prng, seed);
    rg_cluster_path(c, 1, "profile.yaml", path);
    int code = open_desk(&f.desk[RG_FEEDER_STORY_BAMF], path);
    rg_cluster_path(c, 2, "profile.yaml", path);
    code = code == RG_CLI_OK ? open_desk(&f.desk[RG_FEEDER_STORY_LDS], path) : code;
    code = code == RG_CLI_OK ? work(&f, rg_line_now() + (int64_t)seconds * 1000, rate) : code;
    code = code == RG_CLI_OK ? finish(&f) : code;
    if (code == RG_CLI_OK) {
        (void)printf("{\"cases\":%" PRIu64 ",\"events\":%" PRIu64 ",\"last_height\":%" PRIu64 "}\n",
                     f.cases, f.events, f.last_height);
    }
    close_desk(&f.desk[0]);
    close_desk(&f.desk[1]);
    rg_arena_fini(&f.arena);
    return code;
}

static bool number_arg(int argc, char **argv, const char *name, uint64_t *out)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            return rg_num_parse_u64(rg_bytes_str(argv[i + 1]), UINT32_MAX, out) == RG_OK;
        }
    }
    return true;
}

static const char *text_arg(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct rg_cluster c;
    uint64_t seed = 1;
    uint64_t seconds = 30;
    uint64_t rate = 20;
    if (argc % 2 == 0 || text_arg(argc, argv, "--dir") == NULL ||
        !number_arg(argc, argv, "--seed", &seed) ||
        !number_arg(argc, argv, "--seconds", &seconds) ||
        !number_arg(argc, argv, "--rate", &rate)) {
        rg_say_error("usage: reigen-feeder --dir DIR [--seed N] [--seconds N] [--rate EVENTS/S]");
        return RG_CLI_USAGE;
    }
    if (rg_session_start() != RG_OK) {
        rg_say_error("the crypto or messaging library cannot start");
        return RG_CLI_INTERNAL;
    }
    rg_say_signals();
    int code = rg_cluster_locate(&c, text_arg(argc, argv, "--dir"));
    code = code == RG_CLI_OK ? rg_cluster_load(&c) : code;
    if (code == RG_CLI_OK && c.nodes < 2) {
        rg_say_error("the stories need two agencies; this network has one");
        code = RG_CLI_USAGE;
    }
    code = code == RG_CLI_OK ? feed(&c, seed, seconds, rate) : code;
    rg_session_finish();
    return code;
}
