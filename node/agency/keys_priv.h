/* The inside of key delivery, shared by keys.c (receiving) and keys_send.c. */
#ifndef RG_AGENCY_KEYS_PRIV_H
#define RG_AGENCY_KEYS_PRIV_H

#include "base/arena.h"
#include "node/agency/keys.h"
#include "proto/peer_codec.h"

#define RG_KEYS_ARENA (512u * 1024u)
#define RG_KEYS_QUICK_ROUNDS 4u /* without growing pauses: the opener, the others, and again */
#define RG_KEYS_ALARM_ROUNDS                                                                       \
    9u /* 1 + 1 + 1 + 1 + 2 + 4 + 8 ... seconds without a key: an alarm                            \
        */

/* What is known of one peer. A sweep sends what it owes in order of case numbers, up to `mark`. */
struct rg_keys_peer {
    uint64_t next_ms; /* when the next sweep begins */
    uint64_t backoff_ms;
    uint64_t cursor;      /* last case number sent in this sweep */
    uint64_t mark;        /* last case number of this sweep */
    uint64_t next_mark;   /* of the next one */
    bool started;         /* there was a sweep: next_mark counts */
    uint64_t until_ms;    /* the sweep is given up then */
    uint32_t outstanding; /* sent and not acknowledged */
    bool sweeping;
    uint64_t unseen; /* keys taken from it */
};

struct rg_keys_incoming {
    uint16_t peer;
    struct rg_peer_case_key key;
    bool stored; /* to be acknowledged */
};

struct rg_keys_paid {
    uint16_t peer;
    uint64_t case_no;
};

struct rg_keys {
    struct rg_keys_config c;
    uint32_t agency;
    uint16_t self; /* place */
    uint16_t place_of[RG_AGENCIES_MAX];
    uint16_t node_count;
    struct rg_arena decode;
    struct rg_arena encode;
    struct rg_keys_peer peer[RG_AUTHORITIES_MAX];
    struct rg_keys_incoming *incoming; /* RG_KEYS_INCOMING_MAX */
    size_t incoming_count;
    struct rg_keys_paid *paid; /* RG_KEYS_INCOMING_MAX */
    size_t paid_count;
    uint64_t number; /* of the last Keys message sent */
    uint64_t refused;
    uint64_t pull_next_ms;
    uint64_t pull_backoff_ms;
    uint32_t pull_round;
    struct rg_hash pull_after;
    bool pull_started;
};

/* The agency of the node at place @peer. */
uint32_t rg_keys__agency(const struct rg_keys *k, uint16_t peer);
/* Write the key of @c as it travels. */
void rg_keys__export(const struct rg_keys *k, const struct rg_vault_case *c,
                     struct rg_peer_case_key *out);
/* Send @count (at most RG_PEER_KEYS_MAX) keys to @peer, and wipe what lay in the arena. */
void rg_keys__send(struct rg_keys *k, uint16_t peer, const struct rg_peer_case_key *keys,
                   uint32_t count);
/* Send a message of commitments (KEY_ACK, KEY_PULL). */
void rg_keys__send_list(struct rg_keys *k, uint16_t peer, enum rg_peer_kind kind,
                        const struct rg_hash *commitments, uint32_t count);
/* @peer acknowledged one key. */
void rg_keys__paid(struct rg_keys *k, uint16_t peer);

#endif /* RG_AGENCY_KEYS_PRIV_H */
