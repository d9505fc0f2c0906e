#include "node/monitor/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/num.h"
#include "ledger/genesis.h"
#include "node/monitor/alertdigest.h"
#include "proto/peer_codec.h"

#define CODE "alerts-differ"
#define ARENA                                                                                      \
    ((size_t)16 * 1024) /* one message of RG_PEER_DIGESTS_MAX digests, and its encoding            \
                         */
#define SUBJECT_BYTES 2
#define TOLD_MAX 4                  /* differences of one peer in one run; from then on ... */
#define TOLD_PAUSE_MS (3600 * 1000) /* ... one an hour of ledger time */

_Static_assert(RG_ALERTDIGEST_KEPT == RG_PEER_DIGESTS_MAX, "all that is kept is told");
_Static_assert(RG_AUTHORITIES_MAX <= 64, "places fit into a set");

struct peer {
    uint64_t checkpoint; /* of told[0]; 0: it has told nothing */
    uint32_t count;
    struct rg_hash told[RG_ALERTDIGEST_KEPT];
    uint64_t compared; /* the last checkpoint */
    bool differs;
    bool open;            /* its alert is open */
    uint32_t differences; /* told in this run, and when the last was */
    int64_t told_ms;
};

struct rg_compare {
    struct rg_compare_config config;
    struct rg_arena arena;
    uint16_t self;
    uint16_t node_count;
    uint64_t checkpoint; /* of what this node has told; 0: nothing */
    uint64_t compared;
    struct rg_alertdigest_list own[RG_AGENCIES_MAX];
    struct peer peer[RG_AUTHORITIES_MAX];
};

static struct rg_bytes subject_of(uint16_t peer, uint8_t out[static SUBJECT_BYTES])
{
    out[0] = (uint8_t)(peer >> 8);
    out[1] = (uint8_t)peer;
    return (struct rg_bytes){out, SUBJECT_BYTES};
}

rg_err rg_compare_create(const struct rg_compare_config *c, struct rg_compare **out)
{
    struct rg_compare *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return RG_ERR_NOMEM;
    }
    p->config = *c;
    p->node_count = (uint16_t)rg_num_min(rg_genesis_node_count(c->genesis), RG_AUTHORITIES_MAX);
    p->self = (uint16_t)rg_genesis_place_of(c->genesis, c->principal);
    rg_err e = rg_arena_init(&p->arena, ARENA);
    for (uint16_t i = 0; e == RG_OK && i < p->node_count; i++) {
        uint8_t subject[SUBJECT_BYTES];
        e = rg_alertlog_is_open(c->log, CODE, subject_of(i, subject), &p->peer[i].open);
        p->peer[i].differs = p->peer[i].open;
    }
    if (e != RG_OK) {
        rg_compare_destroy(&p);
        return e;
    }
    *out = p;
    return RG_OK;
}

void rg_compare_destroy(struct rg_compare **c_p)
{
    if (*c_p == NULL) {
        return;
    }
    rg_arena_fini(&(*c_p)->arena);
    free(*c_p);
    *c_p = NULL;
}

static const struct rg_principal *node_at(const struct rg_compare *c, uint16_t peer)
{
    return &c->config.genesis->principal[rg_genesis_node_at(c->config.genesis, peer)];
}

static void tell_difference(struct rg_compare *c, uint16_t peer, uint64_t height, int64_t time_ms)
{
    char de[RG_ALERTLOG_TEXT_MAX];
    char en[RG_ALERTLOG_TEXT_MAX];
    uint8_t subject[SUBJECT_BYTES];
    const char *node = node_at(c, peer)->name;
    const char *agency = c->config.genesis->agency[node_at(c, peer)->agency].name;
    const bool healed = !c->peer[peer].open;
    if (healed) {
        (void)snprintf(de, sizeof de,
                       "Die Meldungen dieses Knotens und des Knotens %s (%s) stimmen wieder "
                       "überein, bis Block %" PRIu64 ".",
                       node, agency, height);
        (void)snprintf(en, sizeof en,
                       "This node and node %s (%s) come to the same alerts again, up to block "
                       "%" PRIu64 ".",
                       node, agency, height);
    } else {
        (void)snprintf(de, sizeof de,
                       "Dieser Knoten und der Knoten %s (%s) kommen bis Block %" PRIu64
                       " zu verschiedenen Meldungen über die Fälle, die beide lesen. Einer von "
                       "beiden urteilt falsch: mit der anderen Behörde Regelmodul, "
                       "Programmversion und die Meldungen (reigen alerts) vergleichen.",
                       node, agency, height);
        (void)snprintf(en, sizeof en,
                       "This node and node %s (%s) come to different alerts up to block %" PRIu64
                       " about the cases that both read. One of the two judges wrongly: compare "
                       "rules module, program version and alerts (reigen alerts) with that "
                       "agency.",
                       node, agency, height);
    }
    const struct rg_monitor_news n = {.code = CODE,
                                      .subject = subject_of(peer, subject),
                                      .healed = healed,
                                      .text_de = de,
                                      .text_en = en,
                                      .time_ms = time_ms};
    (void)rg_alertlog_add_news(c->config.log, &n);
}

/* Whether a difference is told now. A peer that agrees and differs in turn must not fill the log.
 */
static bool may_tell(struct peer *p, int64_t time_ms)
{
    if (p->differences >= TOLD_MAX && time_ms < p->told_ms + TOLD_PAUSE_MS) {
        return false;
    }
    p->differences++;
    p->told_ms = time_ms;
    return true;
}

/* Compare the newest checkpoint that this node and @peer both have, once. */
static void compare(struct rg_compare *c, uint16_t peer, int64_t time_ms)
{
    struct peer *p = &c->peer[peer];
    const uint64_t at = rg_num_min(p->checkpoint, c->checkpoint);
    if (at <= p->compared || p->checkpoint - at >= p->count ||
        c->checkpoint - at >= RG_ALERTDIGEST_KEPT) {
        return;
    }
    const struct rg_hash *own = &c->own[node_at(c, peer)->agency].at[c->checkpoint - at];
    const bool differs = !rg_hash_eq(own, &p->told[p->checkpoint - at]);
    p->compared = at;
    c->compared = rg_num_max(c->compared, at);
    p->differs = differs;
    if (differs != p->open && (p->open || may_tell(p, time_ms))) {
        p->open = differs;
        tell_difference(c, peer, at * RG_ALERTDIGEST_STEP, time_ms);
    }
}

/* Send @peer what this node has. */
static void send_own(struct rg_compare *c, uint16_t peer)
{
    struct rg_bytes bytes = {NULL, 0};
    const struct rg_peer_message m = {.kind = RG_PEER_ALERT_DIGESTS,
                                      .from = c->checkpoint * RG_ALERTDIGEST_STEP,
                                      .key_count =
                                          (uint32_t)rg_num_min(c->checkpoint, RG_ALERTDIGEST_KEPT),
                                      .commitments = c->own[node_at(c, peer)->agency].at};
    rg_arena_reset(&c->arena);
    if (rg_peer_codec_encode(&c->arena, &c->config.genesis->ledger_id, &m, &bytes) == RG_OK) {
        c->config.send(c->config.send_ctx, peer, bytes);
    }
}

bool rg_compare_wants(const struct rg_compare *c, uint64_t height)
{
    return c->config.send != NULL && height / RG_ALERTDIGEST_STEP > c->checkpoint;
}

rg_err rg_compare_tell(struct rg_compare *c, uint64_t height, int64_t time_ms)
{
    const uint64_t checkpoint = height / RG_ALERTDIGEST_STEP;
    const rg_err e =
        rg_alertdigest_read(c->config.kv, checkpoint, c->config.genesis->agency_count, c->own);
    if (e != RG_OK) {
        return e;
    }
    c->checkpoint = checkpoint;
    for (uint16_t i = 0; i < c->node_count; i++) {
        if (i != c->self) {
            send_own(c, i);
            compare(c, i, time_ms);
        }
    }
    return RG_OK;
}

void rg_compare_take(struct rg_compare *c, uint16_t peer, const struct rg_peer_message *m,
                     int64_t time_ms)
{
    const uint64_t checkpoint = m->from / RG_ALERTDIGEST_STEP;
    if (c->config.send == NULL || m->kind != RG_PEER_ALERT_DIGESTS || peer >= c->node_count ||
        peer == c->self || m->from % RG_ALERTDIGEST_STEP != 0 || m->key_count > checkpoint ||
        m->key_count > RG_ALERTDIGEST_KEPT) {
        return;
    }
    struct peer *p = &c->peer[peer];
    p->checkpoint = checkpoint;
    p->count = m->key_count;
    memcpy(p->told, m->commitments, m->key_count * sizeof p->told[0]);
    compare(c, peer, time_ms);
}

void rg_compare_on_peer_up(struct rg_compare *c, uint16_t peer)
{
    if (c->config.send != NULL && c->checkpoint > 0 && peer < c->node_count && peer != c->self) {
        send_own(c, peer);
    }
}

uint64_t rg_compare_height(const struct rg_compare *c)
{
    return c->compared * RG_ALERTDIGEST_STEP;
}

uint64_t rg_compare_differ(const struct rg_compare *c)
{
    uint64_t set = 0;
    for (uint16_t i = 0; i < c->node_count; i++) {
        set |= c->peer[i].differs ? UINT64_C(1) << i : 0;
    }
    return set;
}
