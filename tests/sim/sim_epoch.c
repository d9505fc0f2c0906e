/* The agencies change the authorities: motions at any moment of a seed, whose ballots every agency
 * hands in at its own node as soon as that takes them. */
#include "proto/ledger_codec.h"
#include "sim.h"
#include <string.h>

#define AGAIN_MS 400

/* A set in which the liars are few enough: any size, any order. */
static bool choose_set(struct sim *s, struct rg_set *out)
{
    uint16_t all[SIM_NODES_MAX];
    for (uint16_t i = 0; i < s->n; i++) {
        all[i] = i;
    }
    for (size_t i = s->n - 1; i > 0; i--) {
        const size_t k = sim_below(s, i + 1);
        const uint16_t t = all[i];
        all[i] = all[k];
        all[k] = t;
    }
    out->count = (uint16_t)(1 + sim_below(s, s->n));
    size_t liars = 0;
    for (size_t i = 0; i < out->count; i++) {
        out->principal[i] = all[i];
        liars += s->node[all[i]].liar != NULL;
    }
    return liars <= (size_t)(out->count - 1) / 3;
}

void sim_epoch_plan(struct sim *s)
{
    const uint64_t motions = 1 + sim_below(s, SIM_MOTIONS);
    for (uint64_t k = 0; k < motions; k++) {
        struct rg_motion m = {.expires_ms = SIM_WALL_MS + 3 * UINT64_C(86400000)};
        struct rg_bytes bytes = {0};
        const struct rg_id salt = {{(uint8_t)(k + 1)}};
        if (!choose_set(s, &m.set)) {
            continue;
        }
        rg_arena_reset(&s->out_arena);
        if (rg_ledger_codec_encode_motion(&s->out_arena, &s->genesis->ledger_id, &m, &salt, &bytes,
                                          &s->motion[k].id) != RG_OK) {
            sim_fail(s, "a motion cannot be encoded");
            return;
        }
        s->motion[k].bytes = sim_buf_new(bytes);
        const uint64_t at = sim_below(s, s->heal_ms + 2000);
        for (uint16_t i = 0; i < s->n; i++) {
            sim_post(s,
                     (struct sim_event){
                         .at_ms = at + sim_below(s, 800), .kind = SIM_BALLOT, .node = i, .arg = k});
            s->ballots_left++;
        }
    }
}

void sim_epoch_ballot(struct sim *s, struct sim_node *node, const struct sim_event *ev)
{
    const struct sim_motion *m = &s->motion[ev->arg];
    struct rg_ballot b = {.id = m->id, .agency = node->index, .approve = true, .moves = true};
    struct rg_bytes entry = {0};
    if (node->core == NULL) {
        struct sim_event again = *ev;
        again.at_ms = s->now_ms + AGAIN_MS;
        sim_post(s, again);
        return;
    }
    s->ballots_left--;
    rg_ledger_codec_ballot_digest(&s->genesis->ledger_id, &b, &b.digest);
    sim_crypto_sign(&(uint8_t){(uint8_t)(100 + node->index)}, &b.digest, &b.signature);
    rg_arena_reset(&s->out_arena);
    if (rg_ledger_codec_encode_ballot(&s->out_arena, &b, sim_buf_bytes(m->bytes), &entry) !=
        RG_OK) {
        sim_fail(s, "a ballot cannot be encoded");
        return;
    }
    sim_node_ballot(s, node, entry);
}

void sim_epoch_fini(struct sim *s)
{
    for (size_t k = 0; k < SIM_MOTIONS; k++) {
        sim_buf_drop(s->motion[k].bytes);
    }
}
