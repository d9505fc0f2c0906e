/* Several agencies' case sides in one process, without threads or sockets: real vaults, a real
 * chain, and a small ledger that takes submissions, makes blocks and carries key messages between
 * the nodes as the test wants it (lose, delay, crash). */
#ifndef RG_TESTS_AGENCY_WORLD_H
#define RG_TESTS_AGENCY_WORLD_H

#include "crypto/sign.h"
#include "node/agency/feed.h"
#include "node/agency/follow.h"
#include "node/agency/keys.h"
#include "node/agency/submit.h"
#include "storage/chain.h"

#define WORLD_NODES_MAX 4u
#define WORLD_START_MS 1700000000000ull
#define WORLD_ANSWERS_MAX 512u

struct world_answer {
    uint64_t request;
    uint32_t code;
    char error[512];
    struct rg_answer_submitted submitted;
};

struct world_record {
    uint64_t sequence;
    struct rg_bytes private_bytes; /* malloc'ed */
};

struct world_node {
    struct world *world;
    uint32_t index; /* agency, authority and principal; its member is index + nodes */
    bool open;
    char dir[256];
    struct rg_vault *vault;
    struct rg_pending *pending;
    struct rg_follow *follow;
    struct rg_blocks *blocks;
    struct rg_feed *feed;
    struct rg_keys *keys;
    struct rg_submit *submit;
    struct rg_casebook_verifier verifier;
    uint16_t place_of[RG_AGENCIES_MAX];
    uint64_t sequence;
    bool refuse; /* the mempool is full */
    struct world_record record[4096];
    size_t record_count;
    struct world_answer answer[WORLD_ANSWERS_MAX];
    size_t answer_count;
    uint32_t alarms;
    char alarm[256];  /* the last one */
    rg_err alert_err; /* what the node knows of every alert that is asked for */
    struct rg_submit_alert alert;
};

struct world_letter {
    uint16_t from;
    uint16_t to;
    struct rg_bytes bytes; /* malloc'ed */
};

struct world_parcel {
    uint32_t from;
    uint64_t token;
    uint64_t sequence;
    struct rg_hash hash;
    struct rg_bytes bytes; /* of the Submission, malloc'ed */
    uint32_t entry_count;
};

struct world {
    uint32_t nodes;
    char dir[200];
    struct rg_genesis genesis;
    struct rg_definition *definition;
    struct rg_sign *node_key[WORLD_NODES_MAX];
    struct rg_sign *member_key[WORLD_NODES_MAX];
    struct rg_chain *chain;
    uint64_t height;
    uint64_t time_ms;
    uint64_t mono_ms;
    struct world_node node[WORLD_NODES_MAX];
    struct world_letter letter[8192];
    size_t letter_count;
    bool lose_letters;
    struct world_parcel parcel[1024]; /* the mempool */
    size_t parcel_count;
    uint8_t verdict; /* of the next submissions */
    uint64_t next_request;
};

/* One event to record. */
struct world_event {
    const char *file;
    const char *step;
    int64_t occurred_ms;
};

void world_open(struct world *w, uint32_t nodes, const char *yaml);
void world_close(struct world *w);
void world_node_open(struct world *w, uint32_t i);
/* As after a crash: nothing is saved that was not. */
void world_node_close(struct world *w, uint32_t i);
/* Hand @count events in at node @i; returns the number of the request. */
uint64_t world_submit(struct world *w, uint32_t i, uint8_t stream, uint64_t first,
                      const struct world_event *events, uint32_t count);
/* Let every node pack what it may. */
void world_pack(struct world *w);
/* Make a block of what was submitted, and tell the submitters. */
void world_block(struct world *w);
/* Let a node follow to the tip. */
void world_follow(struct world *w, uint32_t i);
/* Deliver the letters written so far (lose them when lose_letters), store and acknowledge. */
void world_deliver(struct world *w);
/* All of it, until nothing moves. */
void world_run(struct world *w);
/* Let time pass for the keys of all nodes. */
void world_pass(struct world *w, uint64_t ms);
/* The answer to a request, or NULL. */
const struct world_answer *world_answer_of(const struct world *w, uint32_t i, uint64_t request);
/* The feed of a case as text: "step@height/time " in order; by pseudonym, so that nodes compare. */
void world_case_text(struct world *w, uint32_t i, const struct rg_id *pseudonym, char *out,
                     size_t cap);
/* The pseudonym of a file number at node @i. */
struct rg_id world_pseudonym(struct world *w, uint32_t i, const char *file);
/* Whether any file below @dir holds @text. */
bool world_files_hold(const char *dir, const char *text);
/* A malloc'ed copy. */
struct rg_bytes world_keep(struct rg_bytes b);
/* Remove a folder with plain files and folders of them. */
void world_remove(const char *dir);
/* A genesis with @nodes agencies, a node and a member each, and the keys from fixed seeds. */
void world_genesis(struct rg_genesis *g, uint32_t nodes, const char *yaml,
                   struct rg_sign **node_key, struct rg_sign **member_key);
/* The admin key of an agency; the caller destroys it. */
struct rg_sign *world_admin(uint32_t agency);
/* Encode and sign what a client sends. @events_room: bytes of the events, @arena keeps them. */
void world_request(const struct world_event *events, uint32_t count, struct rg_arena *arena,
                   struct rg_request *out);
void world_sign(const struct rg_genesis *g, const struct rg_sign *key, uint32_t member,
                struct rg_request *r);
/* Make the Submission (of @out->sequence) and then the Block around it. */
void world_submission(const struct rg_genesis *g, const struct rg_sign *key, uint32_t signer,
                      struct rg_bytes entries, uint32_t entry_count, struct world_parcel *out);
struct world_block_of {
    uint64_t height;
    uint64_t time_ms;
    const struct world_parcel *parcels;
    size_t count;
    uint8_t verdict;
};
void world_append(struct rg_chain *chain, const struct rg_genesis *g,
                  const struct world_block_of *b);

#endif /* RG_TESTS_AGENCY_WORLD_H */
