#include "node/cli/simulate.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/time.h"
#include "client/pipeline.h"
#include "crypto/rand.h"
#include "node/cli/say.h"
#include "proto/ledger_codec.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define FIRST_HOUR 7 /* UTC; all steps of a day lie between these */
#define LAST_HOUR 13
#define OPEN_PER_DAY 60 /* room for cases under way; none takes so many working days */
#define LATE_MS (30 * HOUR_MS)
#define KNOWN_MS 30000
#define WINDOW 16
#define BATCH 64
#define ARENA (256u * 1024)
#define NUMBER_MAX 64

/* One agency's case system. */
struct desk {
    struct rg_session *ask;  /* questions */
    struct rg_session *send; /* steps */
    struct rg_pipeline *pipe;
    struct rg_arena arena;
    uint32_t count; /* steps to be sent together */
    struct rg_bytes events[BATCH];
    struct rg_bytes numbers[BATCH];
};

/* A case under way. */
struct matter {
    bool used;
    bool known[2]; /* to the agency, under a file number of its own */
    uint64_t number;
    size_t next; /* step */
    struct rg_story story;
};

struct office {
    const struct rg_simulate_plan *plan;
    struct rg_simulate_result *result;
    struct desk desk[2]; /* by rg_story_who */
    struct rg_prng prng;
    struct matter *open;
    size_t open_max;
    uint64_t deviating;
    uint64_t first_kind;
    int64_t first_day;
    int64_t wall_day; /* the real day that stands for it */
    int64_t begun_ms;
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

static void print_number(const struct office *o, uint64_t number, enum rg_story_who who,
                         char out[NUMBER_MAX])
{
    (void)snprintf(out, NUMBER_MAX, "%s-%" PRIu64 "-%06" PRIu64,
                   who == RG_STORY_BAMF ? "BAMF" : "LDS", o->plan->seed, number);
}

static int fail(const struct desk *d)
{
    if (rg_session_code(d->send) != 0) {
        return rg_say_session(d->send);
    }
    rg_say_error("out of memory");
    return RG_CLI_INTERNAL;
}

static int open_desk(struct desk *d, const struct rg_profile *profile)
{
    struct rg_pipeline_config config = {.window = WINDOW, .wait = true, .stop = &rg_say_stop};
    int code = rg_profile_session(profile, &d->ask);
    code = code == RG_CLI_OK ? rg_profile_session(profile, &d->send) : code;
    if (code != RG_CLI_OK) {
        return code;
    }
    rg_rand(config.stream.b, RG_ID_BYTES);
    if (rg_arena_init(&d->arena, ARENA) != RG_OK ||
        rg_pipeline_new(d->send, &config, &d->pipe) != RG_OK) {
        return fail(d);
    }
    return RG_CLI_OK;
}

static void close_desk(struct desk *d)
{
    rg_pipeline_destroy(&d->pipe);
    rg_arena_fini(&d->arena);
    rg_session_close(&d->send);
    rg_session_close(&d->ask);
}

static int flush(struct desk *d, const struct rg_id *link)
{
    const struct rg_pipeline_batch batch = {d->events, d->numbers, d->count, link};
    const rg_err err = d->count > 0 ? rg_pipeline_push(d->pipe, &batch) : RG_OK;
    d->count = 0;
    rg_arena_reset(&d->arena);
    return err == RG_OK ? RG_CLI_OK : fail(d);
}

/* The event of @step: at its simulated time, or, where block time counts, now and with dates as far
 * ahead of the real day as they are of the simulated one. */
static void fill_event(const struct office *o, const struct rg_story_step *step, struct rg_event *e,
                       char date[RG_TIME_TEXT_MAX])
{
    const bool simulated = o->plan->event_clock;
    e->step = rg_bytes_str(step->step);
    e->occurred_ms = simulated ? step->at_ms : wall_ms() - (step->late ? LATE_MS : 0);
    if (step->field == NULL) {
        return;
    }
    if (step->value == NULL) {
        const int64_t shift = simulated ? 0 : o->wall_day - o->first_day;
        rg_time_format((step->day + shift) * DAY_MS + FIRST_HOUR * HOUR_MS, date);
        date[step->morning ? RG_TIME_TEXT_MAX - 1 : 10] = '\0'; /* else the day alone */
    }
    const char *value = step->value != NULL ? step->value : date;
    e->fields[0] = (struct rg_event_field){rg_bytes_str(step->field), rg_bytes_str(value)};
    e->field_count = 1;
}

/* Put @step of @m to what its agency sends next. */
static int take(struct office *o, const struct matter *m, const struct rg_story_step *step)
{
    struct desk *d = &o->desk[step->who];
    struct rg_event event = {0};
    char date[RG_TIME_TEXT_MAX];
    char number[NUMBER_MAX];
    print_number(o, m->number, step->who, number);
    fill_event(o, step, &event, date);
    const struct rg_bytes file_number = rg_arena_copy(&d->arena, rg_bytes_str(number));
    if (file_number.len == 0 ||
        rg_ledger_codec_encode_event(&d->arena, &event, &d->events[d->count]) != RG_OK) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    d->numbers[d->count++] = file_number;
    o->result->events++;
    return RG_CLI_OK;
}

/* The pseudonym of @m, which the other agency opened, once the node of @who knows the case: entry
 * and key come to it from the other node. */
static int find_case(struct office *o, const struct matter *m, enum rg_story_who who,
                     struct rg_id *out)
{
    const enum rg_story_who opener = who == RG_STORY_BAMF ? RG_STORY_LDS : RG_STORY_BAMF;
    const int64_t end = rg_line_now() + KNOWN_MS;
    struct rg_answer a = {0};
    char number[NUMBER_MAX];
    print_number(o, m->number, opener, number);
    if (rg_session_case(o->desk[opener].ask, number, NULL, &a) != RG_OK) {
        return rg_say_session(o->desk[opener].ask);
    }
    *out = a.case_file.pseudonym;
    while (rg_session_case(o->desk[who].ask, NULL, out, &a) != RG_OK) {
        if (rg_line_now() > end || rg_say_stop != 0) {
            rg_say_error("case %s, opened by the other agency, did not reach the node of the %s "
                         "within %d s; see `reigen status` there",
                         number, who == RG_STORY_BAMF ? "BAMF" : "LDS-SN", KNOWN_MS / 1000);
            return RG_CLI_AGAIN;
        }
        pause_ms(10);
    }
    return RG_CLI_OK;
}

/* What the agency has to record in @m before @until, as far as it is its turn. */
static int work_on(struct office *o, struct matter *m, enum rg_story_who who, int64_t until)
{
    struct desk *d = &o->desk[who];
    int code = RG_CLI_OK;
    while (code == RG_CLI_OK && m->next < m->story.count && m->story.steps[m->next].who == who &&
           m->story.steps[m->next].at_ms < until) {
        const bool link = m->next > 0 && !m->known[who];
        struct rg_id pseudonym = {{0}};
        code = link || d->count == BATCH ? flush(d, NULL) : RG_CLI_OK;
        code = code == RG_CLI_OK && link ? find_case(o, m, who, &pseudonym) : code;
        code = code == RG_CLI_OK ? take(o, m, &m->story.steps[m->next]) : code;
        code = code == RG_CLI_OK && link ? flush(d, &pseudonym) : code;
        m->known[who] = true;
        m->next++;
    }
    return code;
}

/* One agency records what it can before @until; comes back when all of it is final, so that what
 * the other does next in a case comes behind it. */
static int turn(struct office *o, enum rg_story_who who, int64_t until)
{
    struct desk *d = &o->desk[who];
    int code = RG_CLI_OK;
    for (size_t i = 0; code == RG_CLI_OK && i < o->open_max; i++) {
        if (o->open[i].used) {
            code = work_on(o, &o->open[i], who, until);
            o->open[i].used = o->open[i].next < o->open[i].story.count;
        }
    }
    code = code == RG_CLI_OK ? flush(d, NULL) : code;
    if (code == RG_CLI_OK && rg_pipeline_finish(d->pipe) != RG_OK) {
        code = fail(d);
    }
    o->result->last_height =
        rg_num_max(o->result->last_height, rg_pipeline_totals(d->pipe)->last_height);
    return code;
}

/* Both agencies, in turns, until nothing is left to do before @until. */
static int work_until(struct office *o, int64_t until)
{
    uint64_t before = 0;
    int code = RG_CLI_OK;
    do {
        before = o->result->events;
        code = turn(o, RG_STORY_LDS, until);
        code = code == RG_CLI_OK ? turn(o, RG_STORY_BAMF, until) : code;
    } while (code == RG_CLI_OK && o->result->events > before);
    return code;
}

/* Every kind of deviation comes once before one comes again. */
static size_t choose_deviation(struct office *o)
{
    const uint64_t stride = 16; /* shares no factor with the number of kinds but none */
    if (rg_prng_below(&o->prng, 100) >= o->plan->percent) {
        return 0;
    }
    return 1 + (size_t)((o->first_kind + o->deviating++ * stride) % (RG_STORY_DEVIATIONS - 1));
}

/* The cases that begin on @day. */
static void begin_cases(struct office *o, int64_t day)
{
    const uint64_t most = o->plan->per_day * 2 - 1;
    uint64_t n = 1 + rg_prng_below(&o->prng, most);
    for (size_t i = 0; i < o->open_max && n > 0 && o->result->cases < o->plan->cases; i++) {
        struct matter *m = &o->open[i];
        if (!m->used) {
            *m = (struct matter){.used = true, .number = ++o->result->cases};
            rg_story_make(&o->prng, o->plan->calendar, day, choose_deviation(o), &m->story);
            o->result->deviations[m->story.deviation]++;
            o->result->elsewhere += m->story.elsewhere ? 1 : 0;
            n--;
        }
    }
}

static bool is_open(const struct office *o)
{
    for (size_t i = 0; i < o->open_max; i++) {
        if (o->open[i].used) {
            return true;
        }
    }
    return false;
}

static bool more_cases(const struct office *o)
{
    return o->result->cases < o->plan->cases && rg_line_now() < o->plan->end_ms;
}

/* Wait until the simulated time @ms has come. */
static void keep_pace(const struct office *o, int64_t ms)
{
    const int64_t speed = (int64_t)o->plan->speed;
    while (speed > 0 && rg_say_stop == 0 && rg_line_now() < o->plan->end_ms) {
        const int64_t left = o->begun_ms + (ms - o->first_day * DAY_MS) / speed - rg_line_now();
        if (left <= 0) {
            return;
        }
        pause_ms(left < 100 ? left : 100);
    }
}

static int work(struct office *o)
{
    int code = RG_CLI_OK;
    int64_t day = o->first_day;
    while (code == RG_CLI_OK && (more_cases(o) || is_open(o))) {
        if (more_cases(o) && rg_calendar_is_workday(o->plan->calendar, day)) {
            begin_cases(o, day);
        }
        for (int64_t h = FIRST_HOUR; code == RG_CLI_OK && h < LAST_HOUR; h++) {
            const int64_t until = day * DAY_MS + (h + 1) * HOUR_MS;
            keep_pace(o, until);
            code = rg_say_stop != 0 ? RG_CLI_AGAIN : work_until(o, until);
        }
        day++;
    }
    o->result->days = (uint64_t)(day - o->first_day);
    return code;
}

/* The first file number of this seed must be new to its opener, whoever of the two that is. */
static int check_new(struct office *o)
{
    for (unsigned who = 0; who < 2; who++) {
        struct rg_answer a = {0};
        char number[NUMBER_MAX];
        print_number(o, 1, (enum rg_story_who)who, number);
        const rg_err err = rg_session_case(o->desk[who].ask, number, NULL, &a);
        if (err == RG_OK) {
            rg_say_error("the cases of seed %" PRIu64 " are on this ledger already (%s); choose "
                         "another --seed",
                         o->plan->seed, number);
            return RG_CLI_CREATE;
        }
        if (err != RG_ERR_NOT_FOUND) {
            return rg_say_session(o->desk[who].ask);
        }
    }
    return RG_CLI_OK;
}

int rg_simulate_run(const struct rg_simulate_plan *plan, const struct rg_profile profiles[2],
                    struct rg_simulate_result *out)
{
    static struct office o;
    int code = RG_CLI_INTERNAL;
    *out = (struct rg_simulate_result){0};
    o = (struct office){.plan = plan,
                        .result = out,
                        .open_max = (size_t)plan->per_day * OPEN_PER_DAY,
                        .first_day = rg_calendar_date(2021, 4, 12), /* the pilot began in April */
                        .wall_day = wall_ms() / DAY_MS,
                        .begun_ms = rg_line_now()};
    rg_prng_init(&o.prng, plan->seed);
    o.first_kind = rg_prng_below(&o.prng, RG_STORY_DEVIATIONS - 1);
    o.open = calloc(o.open_max, sizeof *o.open);
    if (o.open == NULL) {
        rg_say_error("out of memory");
    } else {
        code = open_desk(&o.desk[RG_STORY_BAMF], &profiles[RG_STORY_BAMF]);
        code = code == RG_CLI_OK ? open_desk(&o.desk[RG_STORY_LDS], &profiles[RG_STORY_LDS]) : code;
        code = code == RG_CLI_OK ? check_new(&o) : code;
        code = code == RG_CLI_OK ? work(&o) : code;
    }
    close_desk(&o.desk[0]);
    close_desk(&o.desk[1]);
    free(o.open);
    return code;
}
