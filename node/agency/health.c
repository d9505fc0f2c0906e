#include "node/agency/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "node/agency/api.h"

#define TEXT_MAX 1024

enum fault {
    STALL,
    SILENT,
    BEHIND,
    TURNS,
    CLOCK,
    DISK,
    KEYS,
    FAULTS
};

static const char *const CODES[FAULTS] = {
    "stall", "node-silent", "node-behind", "turns-missed", "clock-offset", "disk-low", "keys-old"};

/* How a fault stands, of a node or of the network. */
struct stand {
    uint64_t since_ms; /* it holds; 0: it does not */
    bool told;         /* that it holds */
    bool known;        /* the log says what `told` does */
};

struct node {
    struct stand stand[FAULTS];
    uint64_t turns_at_ms; /* when the window began, and what was missed by then */
    uint64_t turns;
};

struct rg_health {
    struct rg_health_config c;
    struct node node[RG_AUTHORITIES_MAX]; /* by place; what is of the network stands with our own */
};

/* What is seen of one fault. */
struct sight {
    enum fault fault;
    uint16_t place;
    bool holds;      /* beyond its limit */
    bool over;       /* a good way below it */
    uint64_t for_ms; /* it must hold for so long */
    char de[TEXT_MAX];
    char en[TEXT_MAX];
};

rg_err rg_health_create(const struct rg_health_config *c, struct rg_health **out)
{
    struct rg_health *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return RG_ERR_NOMEM;
    }
    h->c = *c;
    *out = h;
    return RG_OK;
}

void rg_health_destroy(struct rg_health **h_p)
{
    free(*h_p);
    *h_p = NULL;
}

/* Tell @s if it begins or is over. */
static void consider(struct rg_health *h, const struct rg_health_seen *seen, const struct sight *s)
{
    struct stand *at = &h->node[s->place].stand[s->fault];
    if (!s->holds) {
        at->since_ms = 0;
    } else if (at->since_ms == 0) {
        at->since_ms = seen->mono_ms;
    }
    const bool begins =
        s->holds && seen->mono_ms - at->since_ms >= s->for_ms && !(at->known && at->told);
    const bool ends = s->over && !(at->known && !at->told);
    if (!begins && !ends) {
        return;
    }
    const uint8_t place[2] = {(uint8_t)(s->place >> 8), (uint8_t)s->place};
    const struct rg_monitor_news news = {.code = CODES[s->fault],
                                         .subject = {place, sizeof place},
                                         .healed = ends,
                                         .text_de = s->de,
                                         .text_en = s->en,
                                         .time_ms = (int64_t)seen->unix_ms};
    if (h->c.fn(h->c.ctx, &news)) {
        at->known = true;
        at->told = begins;
    }
}

static const char *name_of(const struct rg_health *h, uint16_t place)
{
    return h->c.genesis->principal[rg_genesis_node_at(h->c.genesis, place)].name;
}

static const char *agency_of(const struct rg_health *h, uint16_t place)
{
    const struct rg_principal *p =
        &h->c.genesis->principal[rg_genesis_node_at(h->c.genesis, place)];
    return h->c.genesis->agency[p->agency].name;
}

static void say(char out[static TEXT_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(char out[static TEXT_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out, TEXT_MAX, format, args);
    va_end(args);
}

static void stall(struct rg_health *h, const struct rg_health_seen *seen, uint16_t self)
{
    struct sight s = {.fault = STALL, .place = self, .for_ms = RG_HEALTH_STALL_MS};
    rg_api_stalled(h->c.genesis, h->c.self, seen->status, seen->mono_ms, s.en, sizeof s.en);
    s.holds = s.en[0] != '\0';
    s.over = !s.holds;
    say(s.de, s.over ? "Vorgänge werden wieder endgültig."
                     : "Es wird nichts mehr endgültig; `reigen status` sagt, wer fehlt.");
    if (s.over) {
        say(s.en, "Entries become final again.");
    }
    consider(h, seen, &s);
}

/* Gives whether the node is heard. */
static bool silent(struct rg_health *h, const struct rg_health_seen *seen, uint16_t place)
{
    const struct rg_core_peer_status *p = &seen->status->core.peer[place];
    const uint64_t since = p->heard_ever ? p->heard_mono_ms : seen->status->start_mono_ms;
    const uint64_t silence = seen->mono_ms > since ? seen->mono_ms - since : 0;
    const uint64_t limit = rg_num_max(RG_HEALTH_SILENT_MS, 3 * h->c.genesis->parameters.skip_ms);
    struct sight s = {.fault = SILENT,
                      .place = place,
                      .holds = silence >= limit,
                      .over = p->heard_ever && silence < limit / 3,
                      .for_ms = RG_HEALTH_SILENT_HOLD_MS};
    if (s.over) {
        say(s.de, "Der Knoten %s (%s) ist wieder zu hören.", name_of(h, place),
            agency_of(h, place));
        say(s.en, "The node %s of %s is heard again.", name_of(h, place), agency_of(h, place));
    } else {
        say(s.de,
            "Der Knoten %s (%s) ist seit %" PRIu64 " s nicht zu hören; bei dieser Behörde "
            "nachfragen.",
            name_of(h, place), agency_of(h, place), silence / 1000);
        say(s.en, "The node %s of %s has not been heard for %" PRIu64 " s; ask that agency.",
            name_of(h, place), agency_of(h, place), silence / 1000);
    }
    consider(h, seen, &s);
    return s.over;
}

/* Blocks that the node at @place lacks: one that is heard by what it says, this one by what others
 * claim. */
static void behind(struct rg_health *h, const struct rg_health_seen *seen, uint16_t place,
                   bool is_self)
{
    const struct rg_core_status *c = &seen->status->core;
    const uint64_t height = is_self ? c->height : c->peer[place].height;
    const uint64_t top = is_self ? c->best_height : c->height;
    const uint64_t lacks = top > height ? top - height : 0;
    struct sight s = {.fault = BEHIND,
                      .place = place,
                      .holds = lacks >= RG_HEALTH_BEHIND,
                      .over = lacks <= RG_HEALTH_BEHIND / 10,
                      .for_ms = RG_HEALTH_BEHIND_MS};
    if (s.over) {
        say(s.de, "Der Knoten %s (%s) hat wieder alle Blöcke.", name_of(h, place),
            agency_of(h, place));
        say(s.en, "The node %s of %s has all blocks again.", name_of(h, place),
            agency_of(h, place));
    } else {
        say(s.de, "Dem Knoten %s (%s) fehlen %" PRIu64 " Blöcke.", name_of(h, place),
            agency_of(h, place), lacks);
        say(s.en, "The node %s of %s lacks %" PRIu64 " blocks.", name_of(h, place),
            agency_of(h, place), lacks);
    }
    consider(h, seen, &s);
}

static void turns(struct rg_health *h, const struct rg_health_seen *seen, uint16_t place)
{
    struct node *n = &h->node[place];
    const uint64_t all = seen->status->core.peer[place].missed_turns;
    const bool begins = n->turns_at_ms == 0 || all < n->turns;
    const bool passed = !begins && seen->mono_ms - n->turns_at_ms >= RG_HEALTH_TURNS_MS;
    const uint64_t missed = begins ? 0 : all - n->turns;
    struct sight s = {.fault = TURNS,
                      .place = place,
                      .holds = missed >= RG_HEALTH_TURNS,
                      .over = passed && missed == 0};
    if (s.over) {
        say(s.de, "Der Knoten %s (%s) lässt keine Runden mehr aus.", name_of(h, place),
            agency_of(h, place));
        say(s.en, "The node %s of %s misses no more turns.", name_of(h, place),
            agency_of(h, place));
    } else {
        say(s.de, "Der Knoten %s (%s) ist zu hören, lässt aber Runden aus.", name_of(h, place),
            agency_of(h, place));
        say(s.en, "The node %s of %s is heard but misses its turns; look at its log and load.",
            name_of(h, place), agency_of(h, place));
    }
    consider(h, seen, &s);
    if (begins || passed) {
        n->turns_at_ms = seen->mono_ms;
        n->turns = all;
    }
}

static void clocks(struct rg_health *h, const struct rg_health_seen *seen, uint16_t place)
{
    const int64_t offset = seen->status->core.peer[place].clock_offset_ms;
    const uint64_t far = offset < 0 ? 0 - (uint64_t)offset : (uint64_t)offset;
    const uint64_t limit = h->c.genesis->parameters.clock_drift_ms / 2;
    struct sight s = {.fault = CLOCK,
                      .place = place,
                      .holds = far >= limit,
                      .over = far < limit / 2,
                      .for_ms = RG_HEALTH_CLOCK_MS};
    if (s.over) {
        say(s.de, "Die Uhren von %s (%s) und diesem Knoten stimmen wieder überein.",
            name_of(h, place), agency_of(h, place));
        say(s.en, "The clocks of %s of %s and of this node agree again.", name_of(h, place),
            agency_of(h, place));
    } else {
        say(s.de,
            "Die Uhr von %s (%s) weicht von der dieses Knotens um %" PRId64
            " ms ab; die Zeitquellen beider prüfen.",
            name_of(h, place), agency_of(h, place), offset);
        say(s.en,
            "The clock of %s of %s differs from this node's by %" PRId64
            " ms; look at the time sources of both.",
            name_of(h, place), agency_of(h, place), offset);
    }
    consider(h, seen, &s);
}

static void disk(struct rg_health *h, const struct rg_health_seen *seen, uint16_t self)
{
    const uint64_t mib = seen->disk_free >> 20;
    struct sight s = {.fault = DISK,
                      .place = self,
                      .holds = seen->disk_free < RG_HEALTH_DISK,
                      .over = seen->disk_free >= 2 * RG_HEALTH_DISK};
    if (s.over) {
        say(s.de, "Im Datenverzeichnis ist wieder Platz.");
        say(s.en, "There is room in the data folder again.");
    } else {
        say(s.de,
            "Im Datenverzeichnis sind noch %" PRIu64
            " MiB frei; ist nichts mehr frei, endet dieser Knoten.",
            mib);
        say(s.en, "%" PRIu64 " MiB are free in the data folder; with none this node ends.", mib);
    }
    consider(h, seen, &s);
}

/* The keys are those of the genesis. */
static void keys(struct rg_health *h, const struct rg_health_seen *seen, uint16_t self)
{
    const int64_t day = INT64_C(24) * 3600 * 1000;
    const int64_t age = (int64_t)seen->unix_ms - (int64_t)h->c.genesis->time_ms;
    struct sight s = {.fault = KEYS,
                      .place = self,
                      .holds = h->c.key_lifetime_ms > 0 &&
                               age >= h->c.key_lifetime_ms - RG_HEALTH_KEYS_AHEAD_MS};
    s.over = !s.holds;
    if (s.over) {
        say(s.de, "Die Schlüssel dieses Ledgers sind nicht älter als vorgesehen.");
        say(s.en, "The keys of this ledger are not older than planned for.");
    } else {
        say(s.de,
            "Die Schlüssel dieses Ledgers sind %" PRId64 " Tage alt, vorgesehen sind %" PRId64
            "; den Wechsel mit den anderen Behörden planen.",
            age / day, h->c.key_lifetime_ms / day);
        say(s.en,
            "The keys of this ledger are %" PRId64 " days old, planned for are %" PRId64
            "; plan their change with the other agencies.",
            age / day, h->c.key_lifetime_ms / day);
    }
    consider(h, seen, &s);
}

void rg_health_step(struct rg_health *h, const struct rg_health_seen *seen)
{
    const uint16_t count = seen->status->core.node_count;
    for (uint16_t i = 0; i < count && i < RG_AUTHORITIES_MAX; i++) {
        const bool self = rg_genesis_node_at(h->c.genesis, i) == h->c.self;
        if (self) {
            stall(h, seen, i);
            keys(h, seen, i);
            if (seen->disk_free != UINT64_MAX) {
                disk(h, seen, i);
            }
        } else if (!silent(h, seen, i)) {
            continue; /* what it said last says nothing now */
        } else {
            turns(h, seen, i);
            clocks(h, seen, i);
        }
        behind(h, seen, i, self);
    }
}
