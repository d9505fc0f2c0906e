/* Claims to be far ahead, far behind, or somewhere else each time. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_hash digest;
    if (p->m->kind != RG_PEER_STATUS) {
        return false;
    }
    const uint64_t far[] = {0, UINT64_C(1) << 40, UINT64_MAX, sim_below(s, 1000)};
    struct rg_peer_message m = *p->m;
    m.status.height = far[(node->variant + sim_below(s, 2)) % 4];
    m.status.view = far[(node->variant + sim_below(s, 4)) % 4];
    m.status.final_view = far[(node->variant + sim_below(s, 4)) % 4];
    m.status.hash.b[3] ^= 1;
    for (uint16_t to = 0; to < s->n; to++) {
        rg_arena_reset(&s->out_arena);
        if (rg_peer_codec_encode_status(&s->out_arena, &s->genesis->ledger_id, &m.status,
                                        &m.status_bytes, &digest) != RG_OK) {
            return false;
        }
        sim_crypto_sign(&node->key, &digest, &m.signature);
        struct sim_buf *buf = sim_lie_encode(s, &m);
        sim_lie_one(s, node, to, buf);
        sim_buf_drop(buf);
        m.status.height += sim_below(s, 3);
    }
    return true;
}

const struct sim_liar sim_lie_status = {.name = "status", .send = send};
