#include "base/bytes.h"
#include "base/num.h"
#include "node/agency/api_priv.h"
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define SILENT_STATUSES 3u /* statuses missed by then, while something waits for finality */
#define SILENT_MAX 512u

/* Silence as seen at a time: longer than the limit counts. */
struct silence_limit {
    uint64_t mono_ms;
    uint64_t limit_ms;
};

const char *rg_api_warning(uint32_t n)
{
    switch (n) {
    case 1:
        return "With one authority the network stops when it fails, and nobody can contradict it; "
               "use "
               "four or more.";
    case 2:
        return "With two authorities the network stops when either fails; use four or more.";
    case 3:
        return "With three authorities the network survives one that crashes but none that lies; "
               "use "
               "four or more.";
    default:
        return "";
    }
}

/* The principal of authority @i of this epoch. */
static uint32_t principal_of(const struct rg_genesis *g, const struct rg_link_status *s, uint32_t i)
{
    return rg_genesis_node_at(g, s->core.place_of[i]);
}

/* What is known of authority @i. */
static const struct rg_core_peer_status *peer_of(const struct rg_link_status *s, uint32_t i)
{
    return &s->core.peer[s->core.place_of[i]];
}

/* Since when authority @i has been silent, in milliseconds; when never heard, since our start: who
 * has just begun to listen cannot say that others are missing. */
static uint64_t silence(const struct rg_link_status *s, uint32_t i, uint64_t mono_ms)
{
    const struct rg_core_peer_status *p = peer_of(s, i);
    const uint64_t since = p->heard_ever ? p->heard_mono_ms : s->start_mono_ms;
    return mono_ms > since ? mono_ms - since : 0;
}

/* Whether authority @i was heard within @limit_ms. */
static bool is_heard(const struct rg_genesis *g, uint32_t self, const struct rg_link_status *s,
                     uint32_t i, struct silence_limit at)
{
    return principal_of(g, s, i) == self || silence(s, i, at.mono_ms) <= at.limit_ms;
}

static uint32_t count_heard(const struct rg_genesis *g, uint32_t self,
                            const struct rg_link_status *s, struct silence_limit at)
{
    uint32_t heard = 0;
    for (uint32_t i = 0; i < s->core.authority_count; i++) {
        heard += is_heard(g, self, s, i, at) ? 1 : 0;
    }
    return heard;
}

/* Append who is silent since when: "node3 of AG3 for 12 s, node4 of AG4 since the start". */
static void name_silent(const struct rg_genesis *g, uint32_t self, const struct rg_link_status *s,
                        struct silence_limit at, char out[static SILENT_MAX])
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < s->core.authority_count; i++) {
        if (is_heard(g, self, s, i, at)) {
            continue;
        }
        const struct rg_principal *p = &g->principal[principal_of(g, s, i)];
        const uint64_t ms = silence(s, i, at.mono_ms);
        char since[48] = "since this node's start";
        if (peer_of(s, i)->heard_ever) {
            (void)snprintf(since, sizeof since, "for %" PRIu64 " s", ms / 1000);
        }
        const int n = snprintf(out + len, SILENT_MAX - len, "%s%s of %s %s", len > 0 ? ", " : "",
                               p->name, g->agency[p->agency].name, since);
        if (n < 0 || (size_t)n >= SILENT_MAX - len) {
            return;
        }
        len += (size_t)n;
    }
}

void rg_api_stalled(const struct rg_genesis *g, uint32_t self, const struct rg_link_status *s,
                    uint64_t mono_ms, char *out, size_t cap)
{
    const struct rg_parameters *p = &g->parameters;
    const uint64_t since = s->core.demand_since_mono_ms;
    const uint64_t waited = since != 0 && mono_ms > since ? mono_ms - since : 0;
    struct silence_limit at = {.mono_ms = mono_ms, .limit_ms = p->skip_ms};
    char who[SILENT_MAX];
    out[0] = '\0';
    if (waited >= p->view_timeout_ms) {
        /* Something waits: a shorter silence explains it already. */
        at.limit_ms = rg_num_min(at.limit_ms, SILENT_STATUSES * p->status_ms);
    }
    const uint32_t heard = count_heard(g, self, s, at);
    name_silent(g, self, s, at, who);
    if (heard < s->core.quorum) {
        (void)snprintf(out, cap,
                       "%" PRIu32 " of %" PRIu32
                       " authorities are heard and %u must agree; silent: "
                       "%s. Start them or restore the connection to them; nothing becomes final "
                       "until then.",
                       heard, (uint32_t)s->core.authority_count, s->core.quorum, who);
        return;
    }
    if (waited <= 3 * p->view_timeout_ms) {
        return;
    }
    (void)snprintf(out, cap,
                   "Submissions have waited for finality for %" PRIu64 " s although %" PRIu32
                   " of %" PRIu32
                   " authorities are heard%s%s. Look at the logs of the nodes and at "
                   "their clocks.",
                   waited / 1000, heard, (uint32_t)s->core.authority_count,
                   who[0] != '\0' ? "; silent: " : "", who);
}

/* Resident memory of this process. */
static uint64_t memory_kib(void)
{
    uint64_t total = 0;
    uint64_t resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL) {
        return 0;
    }
    const int n = fscanf(f, "%" SCNu64 " %" SCNu64, &total, &resident);
    (void)fclose(f);
    const long page = sysconf(_SC_PAGESIZE);
    return n == 2 && page > 0 ? resident * (uint64_t)page / 1024 : 0;
}

static uint64_t cpu_ms(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0) {
        return 0;
    }
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void fill_authorities(struct rg_api *a, struct rg_answer_status *st)
{
    const struct rg_genesis *g = a->c.genesis;
    const struct rg_link_status *s = &a->status;
    const uint32_t count = s->core.authority_count;
    st->authorities = rg_arena_take_array(&a->build, count, sizeof *st->authorities);
    if (st->authorities == NULL) {
        return;
    }
    st->authority_count = count;
    const struct silence_limit usual = {a->now.mono_ms, g->parameters.skip_ms};
    for (uint32_t i = 0; i < count; i++) {
        const struct rg_principal *p = &g->principal[principal_of(g, s, i)];
        const struct rg_core_peer_status *peer = peer_of(s, i);
        const bool self = principal_of(g, s, i) == a->c.principal;
        const uint64_t silent = self ? 0 : silence(s, i, a->now.mono_ms);
        st->authorities[i] = (struct rg_answer_authority){
            .name = rg_bytes_str(p->name),
            .agency = rg_bytes_str(g->agency[p->agency].name),
            .live = self || (peer->heard_ever && is_heard(g, a->c.principal, &a->status, i, usual)),
            .missed_turns = peer->missed_turns,
            .clock_offset_ms = self ? 0 : peer->clock_offset_ms,
            .height = self ? a->status.core.height : peer->height,
            .silent_ms = silent,
            .cut = s->cut[s->core.place_of[i]],
        };
    }
}

/* Who comes to other alerts than this node. */
static void fill_differ(struct rg_api *a, uint64_t set, struct rg_answer_status *st)
{
    const struct rg_genesis *g = a->c.genesis;
    st->differ = rg_arena_take_array(&a->build, RG_AUTHORITIES_MAX, sizeof *st->differ);
    for (uint32_t i = 0; st->differ != NULL && i < RG_AUTHORITIES_MAX; i++) {
        if ((set >> i & 1) != 0) {
            st->differ[st->differ_count++] =
                rg_bytes_str(g->principal[rg_genesis_node_at(g, i)].name);
        }
    }
}

void rg_api__status(struct rg_api *a, const struct rg_submit_client *client)
{
    const struct rg_genesis *g = a->c.genesis;
    const struct rg_core_status *core = &a->status.core;
    struct rg_monitor_status rules;
    char stalled[RG_API_TEXT_MAX];
    if (!a->have_status) {
        rg_api__error(a, client, 75, "This node is still starting; try again.");
        return;
    }
    rg_monitor_get_status(a->c.monitor, &rules);
    rg_api_stalled(g, a->c.principal, &a->status, a->now.mono_ms, stalled, sizeof stalled);
    struct rg_answer answer = {.kind = RG_ANSWER_STATUS, .id = client->request};
    struct rg_answer_status *st = &answer.status;
    st->ledger = rg_bytes_str(g->name);
    st->ledger_id = g->ledger_id;
    st->node = rg_bytes_str(g->principal[a->c.principal].name);
    st->agency = rg_bytes_str(g->agency[a->agency].name);
    st->height = core->height;
    st->hash = core->hash;
    st->digest = core->digest;
    st->epoch = core->epoch;
    st->view = core->view;
    st->lag_ms = core->best_height > core->height && a->now.mono_ms > core->final_mono_ms
                     ? a->now.mono_ms - core->final_mono_ms
                     : 0;
    st->rules_height = rules.rules_height;
    st->rules_parked = rg_vault_list_parked_count(a->c.vault);
    st->bus_frames = a->status.frames + a->frames + rules.frames;
    st->bus_refused = a->status.refused;
    fill_authorities(a, st);
    st->rules_compared = rules.compared_height;
    fill_differ(a, rules.differ, st);
    st->quorum = core->quorum;
    st->stalled = rg_bytes_str(stalled);
    st->warning = rg_bytes_str(rg_api_warning(core->authority_count));
    st->mempool = core->mempool_count;
    st->time_ms = core->time_ms;
    st->pid = (uint32_t)getpid();
    st->memory_kib = memory_kib();
    st->cpu_ms = cpu_ms();
    st->keys_unacknowledged = rg_keys_unacknowledged(a->c.keys);
    st->alerts_logseq = rules.alerts_logseq;
    st->mute = core->mute;
    st->motions = core->governance.motion_count;
    const struct rg_monitor_version *in_force =
        rg_versions_after(a->c.versions, rg_vault_get_meta(a->c.vault)->height);
    st->process = rg_bytes_str(in_force->definition->process);
    st->version = in_force->definition->version;
    st->version_from = in_force->from;
    rg_api_answer(a, client, &answer);
}
