/* Case keys on their way between the readers' nodes: what this agency opened is sent at once and
 * again until acknowledged; what comes from others is durable before it is acknowledged; what is
 * missing is asked for, the opener first and then the other readers; whoever asks gets a key only
 * when the ledger names its agency as a reader. Keys travel over the CURVE connections of sync
 * only.
 *
 * Owner: the agency thread. Nothing here waits; all queues are bounded. */
#ifndef RG_AGENCY_KEYS_H
#define RG_AGENCY_KEYS_H

#include "node/agency/follow.h"
#include "node/agency/pending.h"

#define RG_KEYS_RESEND_MS 2000u
#define RG_KEYS_RESEND_MAX_MS 30000u
#define RG_KEYS_PULL_MS 1000u
#define RG_KEYS_PULL_MAX_MS 30000u
#define RG_KEYS_OUTSTANDING_MAX 2048u /* keys sent to one peer and not acknowledged */
#define RG_KEYS_INCOMING_MAX 16384u   /* keys waiting to be stored */
/* Keys that one peer sent and the ledger has not named yet; over it, no more are taken from it. */
#define RG_KEYS_UNSEEN_MAX (1u << 18)

struct rg_keys; /* opaque */

/* Send @bytes (a PeerMessage) to the node at place @peer over sync. */
typedef void (*rg_keys_send_fn)(void *ctx, uint16_t peer, struct rg_bytes bytes);

/* A message that is not about keys came from the node at place @peer; borrowed for the call. */
struct rg_peer_message;
typedef void (*rg_keys_other_fn)(void *ctx, uint16_t peer, const struct rg_peer_message *m);

struct rg_keys_config {
    const struct rg_genesis *genesis;
    uint32_t principal;
    struct rg_vault *vault;
    struct rg_pending *pending;
    struct rg_follow *follow;
    rg_keys_send_fn send;
    void *send_ctx;
    rg_follow_alarm_fn alarm;
    void *alarm_ctx;
    rg_keys_other_fn other; /* NULL: such messages are refused */
    void *other_ctx;
};

/* Fill in the place of each agency's node: RG_AGENCIES_MAX places, UINT16_MAX for none. */
void rg_keys_places(const struct rg_genesis *genesis, uint16_t out[static RG_AGENCIES_MAX]);

/* Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_keys_new(const struct rg_keys_config *c, struct rg_keys **out);
/* Wipe and free; takes *@k_p and nulls it; NULL is fine. */
void rg_keys_destroy(struct rg_keys **k_p);
/* A submission is about to leave: send the keys of its new cases to their readers. */
void rg_keys_deliver(struct rg_keys *k, const struct rg_pending_sub *s);
/* A PeerMessage of kind keys, key_ack or key_pull, or for `other`, came from the node at place
 * @peer. Malformed ones are dropped and counted. Errors: RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_keys_on_message(struct rg_keys *k, uint16_t peer, struct rg_bytes bytes);
/* Authority @peer was heard again: begin anew with what it has not acknowledged. */
void rg_keys_on_peer_up(struct rg_keys *k, uint16_t peer, uint64_t mono_ms);
/* Store what came in one transaction, open what was parked, then acknowledge. Once a loop turn;
 * gives whether the feed may have grown. Errors: as rg_follow_step(). */
RG_CHECKED rg_err rg_keys_flush(struct rg_keys *k, bool *out_fed);
/* Resend and pull what is due. Errors: RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_keys_tick(struct rg_keys *k, uint64_t mono_ms);
/* Keys not acknowledged by some peer, in the vault and pending. */
uint64_t rg_keys_unacknowledged(const struct rg_keys *k);
/* Messages dropped as malformed or not plausible. */
uint64_t rg_keys_refused(const struct rg_keys *k);

#endif /* RG_AGENCY_KEYS_H */
