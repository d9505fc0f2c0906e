/* What the consensus knows of a block: never its body. A plain value that the caller fills from a
 * header whose hash it has computed itself. */
#ifndef RG_CONSENSUS_BLOCKINFO_H
#define RG_CONSENSUS_BLOCKINFO_H

#include "base/types.h"

struct rg_block_info {
    struct rg_hash hash;   /* of the header */
    struct rg_hash parent; /* of the parent's header; zero for genesis */
    uint64_t height;       /* genesis: 0 */
    uint64_t view;         /* the view it was first proposed in; genesis: 0 */
    uint64_t time_ms;      /* ledger time: at least the parent's + 1 */
    bool has_entries;      /* false: an empty block (a tick) */
    bool epoch_last;       /* children within this epoch can only be SAME proposals */
};

#endif /* RG_CONSENSUS_BLOCKINFO_H */
