/* Properly signed proposals of improper blocks: no block at all, one with a byte too many, wrong
 * height, digest, root or proposer, a submission twice, or far too large. */
#include "sim_lie.h"
#include <stdlib.h>
#include <string.h>

static struct sim_buf *raw(struct sim *s, struct sim_node *node, const struct sim_packet *p,
                           size_t len)
{
    uint8_t *bytes = malloc(len + 1);
    const size_t known = p->m->block.len < len ? p->m->block.len : len;
    memset(bytes, 0x5a, len + 1);
    memcpy(bytes, p->m->block.data, known);
    rg_arena_reset(&s->out_arena);
    struct sim_buf *buf =
        sim_lie_propose_raw(s, node, p->m, (struct rg_bytes){bytes, len}, p->vote->cand);
    free(bytes);
    return buf;
}

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_block b;
    struct rg_bytes list[SIM_LIE_LIST + 1];
    if (!sim_lie_own_block(s, node, p, &b, list)) {
        return false;
    }
    struct rg_header h = b.header;
    struct sim_buf *buf = NULL;
    const uint64_t way = (node->variant + p->vote->cand.view) % 9;
    switch (way) {
    case 0:
        buf = raw(s, node, p, 40);
        break;
    case 1:
        buf = raw(s, node, p, p->m->block.len + 1);
        break;
    case 2:
        buf = raw(s, node, p, RG_BLOCK_MAX + 1);
        break;
    case 3:
        h.height++;
        break;
    case 4:
        h.state_digest.b[0] ^= 1;
        break;
    case 5:
        h.submissions_root.b[0] ^= 1;
        break;
    case 6:
        h.proposer = (h.proposer + 1) % (uint32_t)s->n;
        break;
    case 7:
        if (h.submission_count > 0) {
            list[h.submission_count++] = list[0];
        }
        break;
    default:
        h.epoch++;
        break;
    }
    if (buf == NULL && way > 2) {
        buf = sim_lie_propose(s, node, p->m, &h, list, p->vote->cand);
    }
    sim_lie_all(s, node, buf);
    sim_buf_drop(buf);
    return true;
}

const struct sim_liar sim_lie_junk = {.name = "junk", .send = send};
