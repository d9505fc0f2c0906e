/* The inside of a session, for the other files of this folder. */
#ifndef RG_CLIENT_SESSION_PRIV_H
#define RG_CLIENT_SESSION_PRIV_H

#include "base/arena.h"
#include "client/session.h"

struct rg_session {
    struct rg_line *wire;
    struct rg_arena out; /* requests */
    struct rg_arena in;  /* the last answer */
    char api[RG_LINE_ENDPOINT_MAX];
    char events[RG_LINE_ENDPOINT_MAX];
    struct rg_pubkey server_key;
    struct rg_hash ledger;
    uint32_t member;
    const struct rg_sign *key;
    const volatile sig_atomic_t *stop;
    uint64_t last_id;
    uint32_t code;
    char why[RG_SESSION_WHY_MAX];
};

/* Note a failure: sentence and exit code. Returns @err. */
rg_err rg_session__fail(struct rg_session *s, rg_err err, uint32_t code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Whether the caller wants to end. */
bool rg_session__stopped(const struct rg_session *s);
/* Note what is known against the connection @w to @endpoint. Returns RG_ERR_AUTH or
 * RG_ERR_UNREACHABLE. */
rg_err rg_session__fail_wire(struct rg_session *s, const struct rg_line *w, const char *endpoint);
/* Note the failure that an answer carries (code not 0). Returns the error it stands for. */
rg_err rg_session__fail_answer(struct rg_session *s, const struct rg_answer *a);

#endif /* RG_CLIENT_SESSION_PRIV_H */
