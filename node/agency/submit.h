/* Takes members' events onto the ledger: checks a Submit request, remembers it, packs whatever
 * waits into the next submission, and answers when it is taken or final.
 *
 * Natural batching, no timer: a submission leaves when none is under way, or a second one when
 * something waits, or up to RG_SUBMIT_FLIGHTS_MAX when the queue fills whole submissions. Large
 * requests are split, in order. One submission at a time waits for its number, so the numbers, and
 * with them the entries of every case, keep their order. A ballot leaves alone, before what waits.
 *
 * No socket and no clock: the api hands in requests, the link hands in results, time is given.
 * Owner: the agency thread. */
#ifndef RG_AGENCY_SUBMIT_H
#define RG_AGENCY_SUBMIT_H

#include "node/agency/blocks.h"
#include "node/agency/pending.h"
#include "proto/client_codec.h"
#include "rules/definition.h"

#define RG_SUBMIT_ROUTE_MAX 255u
#define RG_SUBMIT_EVENT_MAX 3000u   /* bytes of an Event: so that its entry keeps RG_ENTRY_MAX */
#define RG_SUBMIT_FLIGHTS_MAX 8u    /* submissions under way */
#define RG_SUBMIT_PARTIAL_MAX 2u    /* ... that are not full */
#define RG_SUBMIT_WAITING_MAX 4096u /* requests of one member */
#define RG_SUBMIT_BYTES_MAX (32u << 20)       /* of one member's requests */
#define RG_SUBMIT_BYTES_TOTAL_MAX (96u << 20) /* of all */
#define RG_SUBMIT_BALLOTS_MAX 8u              /* that are not final */
#define RG_SUBMIT_RETRY_MS 50u                /* after the mempool was full */
#define RG_SUBMIT_AHEAD_MS                                                                         \
    (24ll * 3600 * 1000) /* occurred_at may be this far ahead of the clock                         \
                          */

struct rg_submit; /* opaque */

/* Whom to answer. */
struct rg_submit_client {
    uint8_t route[RG_SUBMIT_ROUTE_MAX];
    size_t route_len;
    uint64_t request;   /* the client's number for it */
    uint32_t principal; /* authenticated */
};

/* A submission to hand to the ledger: @entries as RG_LINK_SUBMIT wants them. Borrowed for the call.
 */
struct rg_submit_package {
    uint64_t token;
    uint32_t entry_count;
    struct rg_bytes entries;
    struct rg_bytes private_bytes;
    const struct rg_pending_sub *sub; /* whose keys to deliver; NULL when sent again */
};
typedef void (*rg_submit_send_fn)(void *ctx, const struct rg_submit_package *p);
typedef void (*rg_submit_answer_fn)(void *ctx, const struct rg_submit_client *client,
                                    const struct rg_answer *answer);
/* How an alert stands in this node's alert log. */
struct rg_submit_alert {
    uint64_t case_no; /* 0: it is about no case */
    bool open;        /* it holds: neither healed nor withdrawn */
    bool acknowledged;
};
/* Find the alert that was raised under @id. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
typedef rg_err (*rg_submit_alert_fn)(void *ctx, const struct rg_hash *id,
                                     struct rg_submit_alert *out);

struct rg_submit_config {
    const struct rg_genesis *genesis;
    uint32_t principal; /* this node */
    const struct rg_definition *definition;
    struct rg_vault *vault;
    struct rg_pending *pending;
    struct rg_casebook_verifier *verifier;
    struct rg_blocks *blocks; /* to look at what a correction is about */
    rg_submit_send_fn send;
    rg_submit_answer_fn answer;
    rg_submit_alert_fn alert;
    void *ctx;
};

/* Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_submit_new(const struct rg_submit_config *c, struct rg_submit **out);
/* Free; nobody is answered any more; takes *@s_p and nulls it; NULL is fine. */
void rg_submit_destroy(struct rg_submit **s_p);
/* A Submit request of an authenticated member with the role for it: checked, then queued or
 * answered at once. Copies what it keeps. Errors: RG_ERR_CORRUPT; RG_ERR_IO (the vault). */
RG_CHECKED rg_err rg_submit_take(struct rg_submit *s, const struct rg_submit_client *client,
                                 const struct rg_request *r, uint64_t wall_ms);
/* A SubmitBallot request of an authenticated operator: its agency's own ballot, signed with the
 * admin key, else refused; queued, or joined with the same bytes when they are under way already.
 */
void rg_submit_take_ballot(struct rg_submit *s, const struct rg_submit_client *client,
                           const struct rg_request *r);
/* Pack and send what may leave now. Once a loop turn. Errors: as rg_submit_take(); RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_submit_pack(struct rg_submit *s, uint64_t mono_ms);
/* The ledger took the submission under @token as @sequence, or refused it (0). */
void rg_submit_on_taken(struct rg_submit *s, uint64_t token, uint64_t sequence,
                        const struct rg_hash *hash, uint64_t mono_ms);
/* It is final in block @height with result @verdict. */
void rg_submit_on_final(struct rg_submit *s, uint64_t token, uint64_t height, uint8_t verdict,
                        const struct rg_hash *hash);
/* Blocks were followed: answer who waited for events that others had handed in. Errors: the
 * vault's. */
RG_CHECKED rg_err rg_submit_on_followed(struct rg_submit *s);
/* The api's status now tells of block @height: answer whose ballots are final up to there, so that
 * who asks next sees what they did. */
void rg_submit_on_status(struct rg_submit *s, uint64_t height);
/* When rg_submit_pack wants to be called again; UINT64_MAX: no wish. */
uint64_t rg_submit_deadline(const struct rg_submit *s);
/* Requests waiting and under way. */
uint32_t rg_submit_waiting(const struct rg_submit *s);

/* Check the events of a request against the definition (submit_check.c). Returns true, or false
 * with a sentence that names event and field. */
struct rg_submit_check {
    const struct rg_genesis *genesis;
    const struct rg_definition *definition;
    uint32_t agency;
    uint64_t wall_ms;
};
bool rg_submit_check_events(const struct rg_submit_check *c, struct rg_arena *arena,
                            const struct rg_request *r, char *why, size_t why_cap);

#endif /* RG_AGENCY_SUBMIT_H */
