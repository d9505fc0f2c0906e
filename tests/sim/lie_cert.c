/* Certificates that are none: one signature short, one signature for all, another epoch, another
 * size of the set, a signature of another statement. */
#include "sim_lie.h"
#include <string.h>

/* Break what somebody sent. */
static void see(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_cert c;
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    uint8_t out[RG_CERT_MAX];
    size_t len = 0;
    if (p->m->kind != RG_PEER_CERT || sim_below(s, 4) != 0 ||
        rg_cert_decode(p->m->bytes, &c) != RG_OK) {
        return;
    }
    memcpy(sigs, c.sigs, c.count * sizeof sigs[0]);
    c.sigs = sigs;
    switch (sim_below(s, 6)) {
    case 0:
        c.count--;
        c.signers &= c.signers - 1;
        memmove(sigs, sigs + 1, c.count * sizeof sigs[0]);
        break;
    case 1:
        for (size_t i = 1; i < c.count; i++) {
            sigs[i] = sigs[0];
        }
        break;
    case 2:
        c.epoch++;
        break;
    case 3:
        c.n++;
        break;
    case 4:
        c.cand.view++;
        break;
    default:
        c.kind = c.kind == RG_VOTE_NOTARIZE ? RG_VOTE_FINALIZE : RG_VOTE_NOTARIZE;
        break;
    }
    if (rg_cert_encode(&c, out, sizeof out, &len) != RG_OK) {
        return;
    }
    const struct rg_peer_message m = {.kind = RG_PEER_CERT, .bytes = {out, len}};
    rg_arena_reset(&s->out_arena);
    struct sim_buf *buf = sim_lie_encode(s, &m);
    sim_lie_all(s, node, buf);
    sim_buf_drop(buf);
}

const struct sim_liar sim_lie_cert = {.name = "cert", .see = see};
