/* What a node still knows of its own votes. Whoever cannot be sure of it votes on nothing new until
 * the others have told where the network is (docs/consensus.md, "A node that forgot"). */
#ifndef RG_CONSENSUS_MEMORY_H
#define RG_CONSENSUS_MEMORY_H

enum rg_memory {
    RG_MEMORY_SURE = 0, /* the process that cast all votes of this epoch still runs */
    RG_MEMORY_WHOLE,    /* a restart with an intact journal: q - 1 others must answer first */
    RG_MEMORY_FRESH,    /* nothing on disk: WHOLE, unless somebody has met this node before */
    RG_MEMORY_LOST,     /* votes may be forgotten: q others must answer first, then mute */
};

#endif /* RG_CONSENSUS_MEMORY_H */
