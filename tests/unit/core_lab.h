/* A few cores in one process: their messages, journals and archives are kept in memory and carried
 * out by hand, so that a test decides what is lost, who is dead and what a crash leaves. */
#ifndef RG_UNIT_CORE_LAB_H
#define RG_UNIT_CORE_LAB_H

#include "ledger/genesis.h"
#include "node/core/core.h"

#define LAB_NODES_MAX 8
#define LAB_TICK_MS 60000u

struct lab_record {
    uint8_t type;
    uint8_t *data;
    size_t len;
};

struct lab_log {
    struct lab_record *list;
    size_t count;
    size_t cap;
};

struct lab_block {
    uint64_t height;
    uint64_t time_ms;
    struct rg_hash hash;
    uint8_t *block, *cert, *results, *state;
    size_t block_len, cert_len, results_len, state_len;
};

struct lab_node {
    struct rg_core *core;
    bool dead;
    struct rg_core_config config;
    struct lab_log journal; /* the active file */
    struct lab_log next;    /* in a turn */
    bool turning;
    size_t synced; /* records that are durable */
    struct lab_block *chain;
    uint64_t finals;   /* told final */
    uint64_t archived; /* told archived */
    bool hold_archive;
    uint64_t deadline_ms;
    uint64_t taken;     /* OWN with a sequence */
    uint64_t refused;   /* OWN without */
    uint64_t own_final; /* OWN_FINAL accepted */
    uint64_t own_sequence_max;
    uint64_t turns, barriers, broadcasts, sends, votes_out, alarms, served;
    size_t journal_bytes; /* of the active file */
    const char *halt;
    const char *alarm;
};

struct lab_message {
    struct lab_message *next;
    uint16_t from, to;
    bool gossip;
    size_t len;
    uint8_t data[];
};

struct lab {
    struct rg_genesis *genesis;
    uint16_t n;
    struct lab_node node[LAB_NODES_MAX];
    bool connected[LAB_NODES_MAX][LAB_NODES_MAX];
    struct lab_message *first, *last;
    struct rg_core_time now;
    uint64_t delivered;
    bool mute_requests; /* drop answers to block requests: BLOCKS of `liar` */
};

/* A network of @n nodes; relays when @line (1-2-3-...), else a full mesh. Not started. */
void lab_make(struct lab *l, uint16_t n, bool line, uint64_t journal_bytes);
void lab_free(struct lab *l);
/* Make (again) the core of node @i from its archive and the first @records records of its journal.
 */
void lab_start(struct lab *l, uint16_t i, size_t records);
void lab_start_all(struct lab *l);
/* Crash node @i: what was not synced is gone, messages to it are lost. */
void lab_kill(struct lab *l, uint16_t i);
/* Carry out what a call gave. */
void lab_do(struct lab *l, uint16_t i, struct rg_core_actions actions);
/* Deliver all messages that are under way, and what follows from them, up to @max. */
void lab_deliver(struct lab *l, size_t max);
/* Let @ms pass in steps of @step, delivering all. */
void lab_run(struct lab *l, uint64_t ms, uint64_t step);
/* Hand @count entries of @bytes sealed bytes each to node @i; returns whether they were taken. */
bool lab_submit(struct lab *l, uint16_t i, size_t count, size_t bytes);
struct rg_core_status lab_status(const struct lab *l, uint16_t i);
/* Fail the test unless all living nodes have the same tip. */
void lab_same_tip(const struct lab *l);
/* The signature that the lab's nodes use: fast, and wrong as soon as a bit changes. */
void lab_sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out);
bool lab_verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                const struct rg_sig *sig);

#endif /* RG_UNIT_CORE_LAB_H */
