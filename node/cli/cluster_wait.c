#include "node/cli/cluster.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include <stdlib.h>
#include <time.h>

/* The nodes' sessions while waiting. */
struct waiting {
    const struct rg_cluster *c;
    struct rg_profile profile[RG_CLUSTER_NODES_MAX];
    struct rg_session *session[RG_CLUSTER_NODES_MAX];
};

static void close_all(struct waiting *w)
{
    for (uint32_t i = 0; i < RG_CLUSTER_NODES_MAX; i++) {
        rg_session_close(&w->session[i]);
        rg_profile_fini(&w->profile[i]);
    }
    free(w);
}

static int open_one(struct waiting *w, uint32_t i)
{
    char path[RG_CLI_PATH_MAX];
    rg_cluster_path(w->c, i, "profile.yaml", path);
    const int code = rg_profile_load(path, &w->profile[i - 1]);
    return code != RG_CLI_OK ? code : rg_profile_session(&w->profile[i - 1], &w->session[i - 1]);
}

static bool all_live(const struct rg_answer_status *s)
{
    for (uint32_t i = 0; i < s->authority_count; i++) {
        if (!s->authorities[i].live) {
            return false;
        }
    }
    return s->authority_count > 0;
}

/* What one round found. */
struct round {
    bool ready;
    bool ended;    /* a process is gone */
    uint32_t node; /* the one that is not ready */
    const char *why;
};

/* The first node whose process is gone; 0: none. */
static uint32_t find_ended(const struct rg_cluster *c)
{
    for (uint32_t i = 1; i <= c->nodes; i++) {
        pid_t pid = 0;
        if (rg_cluster_state(c, i, &pid) == RG_CLUSTER_DOWN) {
            return i;
        }
    }
    return 0;
}

static void look(struct waiting *w, struct round *r)
{
    uint64_t height = 0;
    const uint32_t ended = find_ended(w->c);
    if (ended != 0) {
        *r = (struct round){.ended = true, .node = ended, .why = "ended"};
        return;
    }
    *r = (struct round){.ready = true};
    for (uint32_t i = 1; r->ready && i <= w->c->nodes; i++) {
        struct rg_answer a = {0};
        if (rg_session_wait(w->session[i - 1], 50) != RG_OK ||
            rg_session_status(w->session[i - 1], &a) != RG_OK) {
            *r = (struct round){.node = i, .why = "still does not answer"};
        } else if (!all_live(&a.status)) {
            *r = (struct round){.node = i, .why = "still does not see all others live"};
        } else if (i > 1 && a.status.height != height) {
            *r = (struct round){.node = i, .why = "still is at another height"};
        } else {
            height = a.status.height;
        }
    }
}

int rg_cluster_wait_all(const struct rg_cluster *c, int64_t timeout_ms)
{
    const int64_t end = rg_line_now() + timeout_ms;
    struct waiting *w = calloc(1, sizeof *w);
    struct round r = {0};
    int code = RG_CLI_OK;
    if (w == NULL) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    w->c = c;
    for (uint32_t i = 1; code == RG_CLI_OK && i <= c->nodes; i++) {
        code = open_one(w, i);
    }
    while (code == RG_CLI_OK && !r.ready) {
        const struct timespec pause = {0, 20 * 1000000};
        look(w, &r);
        if (!r.ready && (r.ended || rg_line_now() >= end || rg_say_stop != 0)) {
            rg_say_error("node %u %s; the end of its log:", r.node, r.why);
            rg_cluster_show_log(c, r.node);
            code = RG_CLI_UNAVAILABLE;
        }
        (void)nanosleep(&pause, NULL);
    }
    close_all(w);
    return code;
}

int rg_cluster_wait_one(const struct rg_cluster *c, uint32_t i, int64_t timeout_ms)
{
    const int64_t end = rg_line_now() + timeout_ms;
    struct waiting *w = calloc(1, sizeof *w);
    struct rg_answer a = {0};
    pid_t pid = 0;
    if (w == NULL) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    w->c = c;
    int code = open_one(w, i);
    while (code == RG_CLI_OK && (rg_session_wait(w->session[i - 1], 100) != RG_OK ||
                                 rg_session_status(w->session[i - 1], &a) != RG_OK)) {
        const bool ended = rg_cluster_state(c, i, &pid) == RG_CLUSTER_DOWN;
        if (ended || rg_line_now() >= end || rg_say_stop != 0) {
            rg_say_error("node %u %s", i, ended ? "ended" : "does not answer in time");
            rg_cluster_show_log(c, i);
            code = RG_CLI_UNAVAILABLE;
        }
    }
    close_all(w);
    return code;
}
