/* Cancellations and corrections: which earlier event of a case an entry is about, and whether its
 * agency may say so. Asked twice with the same answer: when a member hands it in, and by every
 * reader that finds it on the ledger. Decided by what the case holds alone, so all readers agree.
 *
 * Owner: the agency thread. */
#ifndef RG_AGENCY_AMEND_H
#define RG_AGENCY_AMEND_H

#include "node/agency/blocks.h"
#include "node/agency/vault.h"

/* What is asked. All borrowed. */
struct rg_amend {
    struct rg_vault *vault;
    struct rg_blocks *blocks; /* one block more is asked for: see rg_blocks_entry() */
    const struct rg_genesis *genesis;
    struct rg_arena *arena; /* for one more opened entry */
    const struct rg_vault_case *of;
    uint32_t writer;              /* agency */
    const struct rg_event *event; /* its `about` is not NONE */
};

/* Give the feed number of the event that @a->event is about. NULL in @out_why: it may be; else what
 * stands against it, half a sentence: there is no such event in the case, it is another agency's,
 * it is void already, it is a cancellation itself, or a cancellation names another step.
 * Errors: RG_ERR_CORRUPT; RG_ERR_IO; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_amend_find(const struct rg_amend *a, uint64_t *out_feed_no,
                                const char **out_why);

#endif /* RG_AGENCY_AMEND_H */
