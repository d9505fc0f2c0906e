/* A laboratory for the consensus alone: up to 20 machines on a perfect clock, with links that can
 * be cut, a journal that survives a kill, and a trace that reads like a story. For unit tests only;
 * the whole-network simulator of the node is tests/sim. */
#ifndef RG_UNIT_CONSENSUS_LAB_H
#define RG_UNIT_CONSENSUS_LAB_H

#include "consensus/cons.h"

#define LAB_NODES_MAX 20
#define LAB_BLOCKS_MAX 16384
#define LAB_JOURNAL_MAX 65536
#define LAB_TRACE_MAX 16384
#define LAB_START_MS 10000

/* A message on its way. */
struct lab_message {
    struct lab_message *next;
    uint64_t at_ms;
    size_t from, to;
    enum rg_action_kind kind;
    struct rg_vote vote;
    struct rg_cand cand;
    struct rg_sig sig;
    bool same;
    struct rg_block_info block;
    bool has_block;
    uint64_t from_view, to_view;
    struct rg_cons_status status;
    size_t cert_count;
    size_t cert_len[1 + RG_JUSTIFY_NULLS_MAX];
    uint8_t *certs[1 + RG_JUSTIFY_NULLS_MAX];
};

/* One journal record. */
struct lab_record {
    enum rg_action_kind kind;
    struct rg_vote vote;
    struct rg_block_info block;
    uint8_t cert[RG_CERT_MAX];
    size_t cert_len;
};

struct lab_node {
    struct rg_cons *cons;
    void *memory;
    bool alive;
    bool work;            /* submissions wait here */
    bool works_forever;   /* ... and never end */
    bool dies_at_barrier; /* the next barrier is the last thing it does */
    bool refuses;         /* judges every block invalid */
    bool cannot_build;
    bool mute_verdict; /* never answers VERIFY */
    struct lab_record *journal;
    size_t journal_count;
    uint8_t body[LAB_BLOCKS_MAX]; /* 1: in memory, 2: durable */
    uint64_t deadline_ms;
    uint64_t height;
    struct rg_hash chain[LAB_BLOCKS_MAX]; /* committed, by height */
    struct rg_block_info tip;             /* the store: behind the journal by a few blocks */
    uint8_t tip_cert[RG_CERT_MAX];
    size_t tip_cert_len;
    size_t evidence_count;
    enum rg_alarm alarm;
    size_t votes_sent;
    size_t fetches;
    size_t getcerts;
};

struct lab {
    size_t n;
    struct rg_cons_params params;
    struct rg_members members;
    struct rg_hash ledger;
    struct rg_block_info root;
    uint64_t now_ms;
    uint64_t latency_ms;
    uint64_t status_ms; /* period of STATUS; 0: none */
    struct lab_node nodes[LAB_NODES_MAX];
    bool cut[LAB_NODES_MAX][LAB_NODES_MAX];
    struct rg_block_info blocks[LAB_BLOCKS_MAX];
    size_t block_count;
    size_t bulk_from; /* who answers a FETCH of a final block with all it has; SIZE_MAX: nobody */
    uint64_t epoch_last_view; /* the block of this view ends the epoch */
    /* True: this message is lost. @vote is NULL for what is no vote. */
    bool (*filter)(size_t from, size_t to, enum rg_action_kind kind, const struct rg_vote *vote);
    struct lab_message *first;
    bool tracing;
    char trace[LAB_TRACE_MAX];
    size_t trace_len;
    struct rg_actions actions;
};

/* The stand-in for Ed25519. */
void lab_sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out);
bool lab_verify(const struct rg_pubkey *key, const struct rg_hash *digest,
                const struct rg_sig *sig);
/* The members A, B, C ... of a ledger for tests. */
void lab_members(size_t n, struct rg_members *out, struct rg_hash *out_ledger);
/* A vote of @signer, signed. */
struct rg_vote lab_vote(const struct rg_members *m, const struct rg_hash *ledger,
                        enum rg_vote_kind kind, struct rg_cand cand, uint16_t signer);
/* A certificate of the first @count members; signatures into @sigs. */
struct rg_cert lab_cert(const struct rg_members *m, const struct rg_hash *ledger,
                        enum rg_vote_kind kind, struct rg_cand cand, uint16_t count,
                        struct rg_sig *sigs);

/* Life. */
struct lab *lab_new(size_t n);
void lab_free(struct lab *l);
void lab_start(struct lab *l); /* START on all living nodes */
void lab_kill(struct lab *l, size_t i);
void lab_revive(struct lab *l, size_t i); /* from its journal */
void lab_isolate(struct lab *l, size_t i, bool cut);
void lab_work(struct lab *l, size_t i, bool work);
void lab_work_all(struct lab *l, bool work);
void lab_run(struct lab *l, uint64_t ms);
/* Hand one event to one node, as if from outside. */
void lab_give(struct lab *l, size_t i, struct rg_cons_event *ev);
/* Make a block as a leader would, known to nobody yet. */
struct rg_block_info lab_block(struct lab *l, const struct rg_block_info *parent, uint64_t view,
                               uint8_t salt);
/* All committed chains agree; the least height of the living. */
uint64_t lab_check(const struct lab *l);
/* Give back a message. */
void lab_free_message(struct lab_message *m);
/* Add a line to the trace: what node @i does now. */
void lab_trace(struct lab *l, size_t i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The number of a block; SIZE_MAX if nobody made it. */
size_t lab_block_index(const struct lab *l, const struct rg_hash *hash);
/* Compare the trace so far with @expected and start a new one. */
void lab_expect(struct lab *l, const char *expected);

#endif /* RG_UNIT_CONSENSUS_LAB_H */
