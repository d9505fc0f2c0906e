/* The inside of the pending set, shared by pending.c and pending_sub.c. */
#ifndef RG_AGENCY_PENDING_PRIV_H
#define RG_AGENCY_PENDING_PRIV_H

#include "node/agency/pending.h"
#include "node/agency/u64map.h"

/* A case with entries under way. */
struct rg_pending_slot {
    uint32_t refs;    /* entries not followed yet */
    uint32_t counter; /* this agency's next one */
    struct rg_pending_case *fresh;
};

/* A stream with numbers under way. */
struct rg_pending_held {
    uint64_t high;
    uint32_t refs;
};

struct rg_pending {
    struct rg_vault *vault;
    uint32_t agency;
    struct rg_u64map files;       /* keyed hash -> case number */
    struct rg_u64map pseudonyms;  /* the same */
    struct rg_u64map commitments; /* the same */
    struct rg_u64map slots;       /* case number -> struct rg_pending_slot */
    struct rg_u64map streams;     /* keyed hash -> struct rg_pending_held */
    struct rg_pending_sub *first;
    struct rg_pending_sub **last;
    uint32_t count;
};

/* The map key of a name: a prefix of its keyed hash. */
uint64_t rg_pending__name(const struct rg_pending *p, const char *kind, struct rg_bytes text);
/* The slot of a case, made when missing; NULL: no memory. */
struct rg_pending_slot *rg_pending__slot(struct rg_pending *p, uint64_t case_no, bool make);
/* Make a new case known. Takes nothing; @c belongs to its submission. */
rg_err rg_pending__index(struct rg_pending *p, struct rg_pending_case *c);
/* Drop what a submission holds in the maps, and free it. */
void rg_pending__free(struct rg_pending *p, struct rg_pending_sub *s);

#endif /* RG_AGENCY_PENDING_PRIV_H */
