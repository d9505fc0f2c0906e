/* R10: a node that may have forgotten votes of its own. It asks with every STATUS; whoever hears it
 * answers with where the network is. Nothing new is signed before enough others have answered. */
#include "consensus/cons_priv.h"

bool rg_cons_asks(const struct rg_cons *c)
{
    return c->memory != RG_MEMORY_SURE && !RG_MUTANT_IS(RG_MUTANT_NO_DOUBT);
}

enum rg_memory rg_cons_memory(const struct rg_cons *c)
{
    return c->memory;
}

uint64_t rg_cons_mute(const struct rg_cons *c)
{
    return c->mute;
}

/* R10: "Who lost votes itself, or is still mute, answers nobody." */
bool rg_cons_vouches(const struct rg_cons *c)
{
    return c->memory != RG_MEMORY_LOST && c->cur > c->mute;
}

uint64_t rg_cons_seen(const struct rg_cons *c, uint16_t i)
{
    return i < c->members.n ? c->seen_view[i] : 0;
}

bool rg_cons_ended(const struct rg_cons *c)
{
    return c->tip.info.epoch_last;
}

static void persist(struct rg_cons *c)
{
    struct rg_action *a = rg_cons_out__persist(c, RG_ACTION_PERSIST_MUTE);
    a->mute.memory = c->memory;
    a->mute.view = c->mute;
    c->stage.needs_barrier = true; /* else a restart doubts what nobody need doubt any more */
}

void rg_cons_memory__start(struct rg_cons *c)
{
    if (c->memory == RG_MEMORY_FRESH || c->memory == RG_MEMORY_LOST) {
        persist(c); /* what this run learns must not look like an intact journal to the next */
    }
}

void rg_cons_memory__lost(struct rg_cons *c)
{
    c->memory = RG_MEMORY_LOST;
    c->echoed = 0; /* what was answered before may be older than the forgotten votes */
    c->armed = false;
    persist(c);
}

void rg_cons_memory__echo(struct rg_cons *c, uint32_t peer, const struct rg_cons_status *s)
{
    if (!s->echo || peer >= c->members.n || !rg_cons_asks(c)) {
        return;
    }
    c->echoed |= UINT64_C(1) << peer;
    c->echo_cur[peer] = s->cur;
    c->echo_seen[peer] = s->seen;
    if (c->memory == RG_MEMORY_FRESH && s->again) {
        rg_cons_memory__lost(
            c); /* R10: "An empty disk that somebody has met before has lost votes." */
    }
}

/* R10: "An answer counts once I hold the certificates up to the view it names, and know the votes
 * of mine that it has seen": a liar that exaggerates is only not counted. */
static bool counts(const struct rg_cons *c, uint16_t i)
{
    if ((c->echoed >> i & 1) == 0 || i == c->me || c->echo_cur[i] > c->cur) {
        return false;
    }
    return c->memory == RG_MEMORY_LOST || c->echo_seen[i] <= rg_num_max(c->voted_max, c->lf);
}

/* R10: "With an intact journal, and with an empty disk that nobody has met before, q - 1 answers of
 * others do. Who lost votes needs q, and then never votes in a view up to mute, 1 + 2(n - q) after
 * its own." */
static size_t answers_needed(const struct rg_cons *c)
{
    if (RG_MUTANT_IS(RG_MUTANT_ONE_ANSWER)) {
        return 1;
    }
    return c->memory == RG_MEMORY_LOST ? c->members.q : c->members.q - 1u;
}

bool rg_cons_memory__rule_trust(struct rg_cons *c)
{
    if (!rg_cons_asks(c)) {
        return false;
    }
    size_t count = 0;
    for (uint16_t i = 0; i < c->members.n; i++) {
        count += counts(c, i) ? 1 : 0;
    }
    if (count < answers_needed(c)) {
        return false;
    }
    if (c->memory == RG_MEMORY_LOST && !RG_MUTANT_IS(RG_MUTANT_NO_MUTE)) {
        const uint64_t ahead = RG_MUTANT_IS(RG_MUTANT_MUTE_SHORT) ? 0 : c->members.down;
        c->mute = c->cur + 1 + 2 * ahead;
    }
    const bool told = c->memory != RG_MEMORY_WHOLE;
    c->memory = RG_MEMORY_SURE;
    if (told) {
        persist(c);
    }
    return true;
}
