/* Changes a number by one, or a byte, in votes and certificates on their way out, and signs anew
 * where it can (small-scope mutation after ByzzFuzz, OOPSLA 2023). */
#include "sim_lie.h"
#include <string.h>

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (sim_below(s, 3) != 0) {
        return false;
    }
    if (p->m->kind == RG_PEER_VOTE && p->vote != NULL) {
        struct rg_cand cand = p->vote->cand;
        const uint64_t way = sim_below(s, 5);
        cand.view += way == 0;
        cand.view -= way == 1 && cand.view > cand.pview + 1;
        cand.pview -= way == 2 && cand.pview > 0;
        cand.hash.b[7] ^= way == 3 && p->vote->kind != RG_VOTE_NULLIFY;
        const enum rg_vote_kind kind =
            way == 4 && p->vote->kind == RG_VOTE_NOTARIZE ? RG_VOTE_FINALIZE : p->vote->kind;
        sim_lie_send_vote(s, node, p->gossip ? SIM_LIE_ALL : p->to, kind, cand);
        return true;
    }
    struct sim_buf *buf = sim_buf_new(sim_buf_bytes(p->buf));
    buf->data[sim_below(s, buf->len)] ^= (uint8_t)(1u << sim_below(s, 8));
    if (p->gossip) {
        sim_lie_all(s, node, buf);
    } else {
        sim_lie_one(s, node, p->to, buf);
    }
    sim_buf_drop(buf);
    return true;
}

const struct sim_liar sim_lie_mutator = {.name = "mutator", .send = send};
