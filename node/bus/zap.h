/* Who may connect: the ZAP handler (RFC 27), an actor of its own that answers for every CURVE
 * server socket of this process from an allow-list made of the genesis. Without it nobody gets in:
 * every server socket enforces its domain (option 93), so a handshake that finds no handler is
 * refused.
 *
 * Answers: domain `peer`   nodes of the ledger: 200; others 300, they try again by themselves;
 *          domain `api`    members (no nodes) of the own agency with any role: 200; others 400,
 * final; domain `events` such members who are case system, officer or monitor: 200; others 400;
 *          domain `probe`  and any other: 400, not counted.
 * User-Id of an accepted connection is the principal's index in decimal.
 *
 * Threads: start, stop, check and next_refusal belong to one thread (the ledger thread); counts,
 * is_alive and the name look-up may be called in any. Does not look at messages: an accepted
 * connection's User-Id is checked on every message by who receives it. */
#ifndef RG_BUS_ZAP_H
#define RG_BUS_ZAP_H

#include "base/err.h"
#include "base/types.h"
#include "ledger/genesis.h"

struct rg_zap;    /* opaque */
struct _zframe_t; /* zframe_t */

#define RG_ZAP_CHECK_MS 100   /* how often rg_zap_check should be called */
#define RG_ZAP_USER_ID_MAX 12 /* bytes of a User-Id with its NUL */

enum rg_zap_domain {
    RG_ZAP_NONE,
    RG_ZAP_PEER,
    RG_ZAP_API,
    RG_ZAP_EVENTS,
    RG_ZAP_PROBE
};

struct rg_zap_counts {
    uint64_t accepted; /* handshakes, all domains but probe */
    uint64_t refused;
};

/* A refusal, for the log. Holds no key but its first bytes. */
struct rg_zap_refusal {
    enum rg_zap_domain domain;
    uint64_t suppressed; /* refusals since the last one told */
    char address[64];    /* of the client, as the library gives it */
    char mechanism[16];  /* CURVE, NULL or PLAIN */
    char key[17];        /* first 8 bytes in hex; empty when there was none */
};

/* Start the handler for the node @principal of @genesis (read during the call only). Bind server
 * sockets after this has returned and rg_zap_probe has passed.
 * Errors: RG_ERR_NOMEM; RG_ERR_EXISTS  a handler runs in this process; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_zap_start(const struct rg_genesis *genesis, uint32_t principal,
                               struct rg_zap **out);
/* Stop and free; takes *@z_p and nulls it; NULL is fine. Close all server sockets before. */
void rg_zap_stop(struct rg_zap **z_p);

/* Make a socket, come with an unknown key and see it refused, within 3 s. What a start must pass.
 * Errors: RG_ERR_DENIED   the key was let in, or nothing was answered; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_zap_probe(void);

/* Liveness: reads what the handler said and pings it. Call every RG_ZAP_CHECK_MS. An end of the
 * handler is seen at the next call, a handler that hangs after 6 unanswered calls. Returns whether
 * it is alive; listeners must be closed when it is not, and may be opened again when it is. */
bool rg_zap_check(struct rg_zap *z);
/* What the last check found. Thread: any. */
bool rg_zap_is_alive(const struct rg_zap *z);
/* Take the next refusal told by the handler (at most 5 a second are told). False: none. */
bool rg_zap_next_refusal(struct rg_zap *z, struct rg_zap_refusal *out);
/* Handshakes so far. Thread: any. */
struct rg_zap_counts rg_zap_get_counts(const struct rg_zap *z);

/* The principal of a message: the User-Id of its @body frame (zframe_t; never the routing id, whose
 * metadata is missing in libzmq 4.3.4), if that principal may use @domain at this moment; else
 * UINT32_MAX. Thread: any. */
uint32_t rg_zap_principal(const struct rg_zap *z, enum rg_zap_domain domain,
                          struct _zframe_t *body);
/* The same for the User-Id as text; NULL gives UINT32_MAX. */
uint32_t rg_zap_principal_of(const struct rg_zap *z, enum rg_zap_domain domain,
                             const char *user_id);
/* Return the English name of @domain ("peer", ...); never NULL. */
const char *rg_zap_domain_text(enum rg_zap_domain domain);

/* End the handler's thread as a crash would: at its next ping or handshake, which is not answered
 * any more. For tests, and for reigend --test-hooks. Thread: any. */
void rg_zap_kill_for_test(struct rg_zap *z);

#endif /* RG_BUS_ZAP_H */
