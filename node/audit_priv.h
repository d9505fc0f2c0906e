/* The inside of the audit, shared by the files audit*.c. */
#ifndef RG_NODE_AUDIT_PRIV_H
#define RG_NODE_AUDIT_PRIV_H

#include "base/arena.h"
#include "consensus/cert.h"
#include "ledger/state.h"
#include "node/audit.h"

/* Something that names a block by its hash. */
struct rg_audit_ref {
    struct rg_hash hash;
    struct rg_hash parent; /* of a body */
    uint64_t height;       /* of a body; 0 for a certificate */
};

struct rg_audit_refs {
    struct rg_audit_ref *list;
    size_t count;
    size_t cap;
};

/* Who took turns in an epoch. */
struct rg_audit_set {
    uint64_t epoch;
    struct rg_members members;
};

struct rg_audit {
    const struct rg_genesis *genesis;
    struct rg_audit_report *report;
    struct rg_members members; /* of the epoch that the chain has reached */
    struct rg_audit_set *sets; /* of all epochs up to there */
    size_t set_count;
    struct rg_arena arena;
    struct rg_state state; /* after the last block checked */
    uint8_t state_bytes[RG_STATE_BYTES_MAX];
    uint64_t covered;      /* height of the last block with a finalization */
    uint64_t cert_view;    /* of that one; counted afresh in each epoch */
    struct rg_vote *votes; /* own ones in the journal */
    size_t vote_count;
    size_t vote_cap;
    struct rg_audit_refs finals; /* journal: blocks that are named by a finalization */
    struct rg_audit_refs bodies; /* journal: blocks */
    struct rg_audit_refs chain;  /* chain: blocks */
    struct rg_bytes *certs;      /* journal: certificates, copied */
    size_t cert_count;
    size_t cert_cap;
    struct rg_vote (*pairs)[2]; /* journal: evidence */
    size_t pair_count;
    uint64_t end_epoch;   /* journal: the newest epoch whose last block is there */
    uint64_t final_epoch; /* the newest finalization of the journal */
    uint64_t final_view;
    /* A fault of the journal waits until the chain has told the height of its block. */
    bool journal_fault;
    struct rg_hash journal_fault_hash;
};

/* Note the first fault; later ones change nothing. Returns RG_ERR_CORRUPT. */
rg_err rg_audit__fault(struct rg_audit *a, uint64_t height, const char *text);
/* Check the signatures of a certificate of the epoch that the chain has reached. */
bool rg_audit__cert_ok(const struct rg_audit *a, const struct rg_cert *cert);
/* The chain has reached the epoch that the state names. Errors: RG_ERR_NOMEM; RG_ERR_CORRUPT  it
 * names no set of nodes. */
rg_err rg_audit__add_set(struct rg_audit *a);
/* After the chain: the signatures of the journal's votes and certificates, and that no two own
 * votes contradict each other. Errors: RG_ERR_CORRUPT. */
rg_err rg_audit__signatures(struct rg_audit *a);
/* Add to a list. Errors: RG_ERR_NOMEM. */
rg_err rg_audit__add_ref(struct rg_audit_refs *r, const struct rg_audit_ref *ref);
/* The entry of @hash; NULL when there is none. */
const struct rg_audit_ref *rg_audit__find_ref(const struct rg_audit_refs *r,
                                              const struct rg_hash *hash);
/* audit_journal.c: the journal in folder @dir. Errors: as rg_journal_scan. */
rg_err rg_audit__journal(struct rg_audit *a, const char *dir);
/* After both: what this node's votes committed to is there. Errors: RG_ERR_CORRUPT. */
rg_err rg_audit__bodies(struct rg_audit *a);
/* audit_chain.c: the chain in folder @dir. Errors: as rg_chain_check. */
rg_err rg_audit__chain(struct rg_audit *a, const char *dir);

#endif /* RG_NODE_AUDIT_PRIV_H */
