/* The world of the twins: copies of the bare consensus, the messages between them, and what each
 * copy's actions become. Private to sim_twins*.c. */
#ifndef RG_SIM_TWINS_PRIV_H
#define RG_SIM_TWINS_PRIV_H

#include "consensus/cons_priv.h"

#define TWINS_AUTHORITIES 7
#define TWINS_SLOTS (TWINS_AUTHORITIES + 1)
#define TWINS_QUEUE 4096
#define TWINS_CERTS 12
#define TWINS_BLOCKS 1024
#define TWINS_HEIGHTS 512
#define TWINS_ROUNDS_MAX 8

struct sim_twins_cert {
    struct rg_cert cert;
    struct rg_sig sigs[TWINS_AUTHORITIES];
};

struct sim_twins_message {
    enum rg_cons_event_kind kind;
    uint8_t from;
    uint16_t to; /* mask */
    struct rg_vote vote;
    struct sim_twins_cert cert; /* CERT */
    struct rg_cand cand;        /* PROPOSAL */
    struct rg_sig sig;
    bool same, has_block;
    struct rg_block_info block;
    size_t justify_count;
    struct sim_twins_cert justify[TWINS_CERTS];
    uint64_t a, b; /* STATUS: cur, lf; WAKE: view; GETCERTS: from, to */
};

struct sim_twins_copy {
    void *memory;
    struct rg_cons *cons;
    uint16_t key;
    uint64_t height;
    struct rg_hash chain[TWINS_HEIGHTS];
    struct rg_cons_event later[16]; /* answers to its own requests */
    struct rg_block_info later_block[16];
    size_t later_count;
};

struct sim_twins_world {
    size_t n, slots, rounds;
    uint16_t twin; /* the key that runs twice: slots `twin` and n */
    struct rg_members members;
    struct rg_hash ledger;
    struct sim_twins_copy slot[TWINS_SLOTS];
    struct sim_twins_message *queue;
    size_t head, tail;
    struct rg_block_info blocks[TWINS_BLOCKS];
    size_t block_count;
    uint64_t now_ms;
    bool healed;
    uint64_t goal; /* height that all must reach once healed */
    uint8_t set[TWINS_ROUNDS_MAX]
               [TWINS_SLOTS]; /* which set of the round's partition each slot is in */
    uint64_t top;             /* height of the agreed chain */
    struct rg_hash agreed[TWINS_HEIGHTS];
    const char *broken;
    struct rg_actions *out;
};

/* Note the first thing that is wrong. */
void sim_twins__broken(struct sim_twins_world *w, const char *what);
/* Whether @slot is one of the two under one key. */
bool sim_twins__is_copy(const struct sim_twins_world *w, size_t slot);
/* Room for a message about @view from @from to @peer (or RG_PEER_ALL); NULL: nobody gets it. */
struct sim_twins_message *sim_twins__post(struct sim_twins_world *w, size_t from, uint32_t peer,
                                          uint64_t view, enum rg_cons_event_kind kind);
/* One event, and its answers to itself. */
void sim_twins__feed(struct sim_twins_world *w, size_t i, struct rg_cons_event *ev);
/* @m arrives at copy @i. */
void sim_twins__deliver(struct sim_twins_world *w, size_t i, const struct sim_twins_message *m);

#endif /* RG_SIM_TWINS_PRIV_H */
