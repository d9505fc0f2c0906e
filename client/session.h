/* One member's connection to its agency's node: requests and answers, in sentences when they fail.
 * Owner: one thread. Reconnects by itself for ever; a call waits for that only as long as it was
 * given. Caches nothing. */
#ifndef RG_CLIENT_SESSION_H
#define RG_CLIENT_SESSION_H

#include "base/err.h"
#include "base/types.h"
#include "client/line.h"
#include "crypto/sign.h"
#include "proto/client_codec.h"
#include <signal.h>

/* Exit codes of the command line, which answers carry too (docs: interface). */
#define RG_SESSION_OK 0u
#define RG_SESSION_NO 1u
#define RG_SESSION_USAGE 64u
#define RG_SESSION_INPUT 65u
#define RG_SESSION_UNAVAILABLE 69u
#define RG_SESSION_INTERNAL 70u
#define RG_SESSION_CREATE 73u
#define RG_SESSION_DISK 74u
#define RG_SESSION_AGAIN 75u
#define RG_SESSION_DENIED 77u
#define RG_SESSION_CONFIG 78u

#define RG_SESSION_WHY_MAX 768
#define RG_SESSION_CONNECT_MS 4000
#define RG_SESSION_ANSWER_MS 10000

struct rg_session_config {
    const char *api;             /* tcp://host:port of the node's api */
    const char *events;          /* tcp://host:port of its events; may be NULL without watch */
    struct rg_pubkey server_key; /* X25519 key of the node */
    struct rg_hash ledger;       /* the ledger's id */
    uint32_t member;             /* this member's number among the principals of the genesis */
    const struct rg_sign *key;   /* this member's keys; borrowed, must outlive the session */
    const volatile sig_atomic_t *stop; /* may be NULL: calls give up when it is set */
};

struct rg_session;

/* Prepare the libraries below; call once, first. Clears ZSYS_* from the environment and leaves
 * signals alone. Errors: RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_session_start(void);
/* End what rg_session_start began, after the last session was closed. */
void rg_session_finish(void);

/* Open a session; does not wait for the connection. Gives @out, freed with rg_session_close.
 * Errors: RG_ERR_INVALID  an endpoint is no address; RG_ERR_NOMEM; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_session_open(const struct rg_session_config *config, struct rg_session **out);
/* Close; takes *@s_p and nulls it; NULL is fine. */
void rg_session_close(struct rg_session **s_p);

/* After a failure: one sentence (what, where, what to do) and the exit code it stands for. */
const char *rg_session_why(const struct rg_session *s);
uint32_t rg_session_code(const struct rg_session *s);

/* Wait up to @timeout_ms until there is a connection.
 * Errors: RG_ERR_AUTH  the node refuses this key, or is not the one of server_key;
 * RG_ERR_UNREACHABLE nobody answers, or the stop flag was set. */
RG_CHECKED rg_err rg_session_wait(struct rg_session *s, int64_t timeout_ms);
/* Send @request (its id is set here) and wait for the answer, at most RG_SESSION_CONNECT_MS for a
 * connection and @timeout_ms (0: RG_SESSION_ANSWER_MS) for the answer; sent again after a loss.
 * @out borrows from the session until the next call.
 * Errors: RG_ERR_AUTH, RG_ERR_UNREACHABLE  as rg_session_wait; RG_ERR_TIMEOUT  no answer in time;
 * RG_ERR_INVALID  the request is too large, the node calls it wrong (code 65), or the answer is no
 * answer; RG_ERR_NOT_FOUND  the answer is no (1);
 * RG_ERR_DENIED  not allowed or another ledger (77); RG_ERR_BUSY  try again (75);
 * RG_ERR_SYSTEM, RG_ERR_IO, RG_ERR_USAGE  the node's other failures; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_session_call(struct rg_session *s, const struct rg_request *request,
                                  int64_t timeout_ms, struct rg_answer *out);

/* Single questions; errors as rg_session_call. */
RG_CHECKED rg_err rg_session_status(struct rg_session *s, struct rg_answer *out);
/* A case by this agency's file number, or by pseudonym when @pseudonym is not NULL.
 * An unknown case: RG_ERR_NOT_FOUND. */
RG_CHECKED rg_err rg_session_case(struct rg_session *s, const char *file_number,
                                  const struct rg_id *pseudonym, struct rg_answer *out);

/* Where a page of events begins; zeros: at the first one. */
struct rg_session_place {
    uint64_t next_case;
    uint32_t next_event;
    uint64_t through;
    uint64_t after;   /* the `through` of an earlier listing: only what changed; 0: everything */
    uint64_t time_ms; /* of the newest block that the node had followed at the first page */
    uint32_t version; /* of the process definition in force after that block */
};
/* One page of all events of all cases that the agency may read, or of the cases with anything
 * recorded, cancelled or corrected after @place->after: case by case, each from its first event on.
 * Moves @place to where the next page begins; its next_case is 0 after the last one. Together the
 * pages hold what the node knew when it gave the first, before which it has followed all that it
 * knows as final; RG_ERR_BUSY: it could not in 10 s. */
RG_CHECKED rg_err rg_session_events(struct rg_session *s, struct rg_session_place *place,
                                    struct rg_answer *out);

struct rg_session_alerts {
    uint64_t since;
    uint32_t max;
    const char *severity;          /* NULL: all */
    const char *file_number;       /* NULL: all */
    const struct rg_id *pseudonym; /* NULL: all */
    const struct rg_hash *alert;   /* NULL: all; else the last raise of this one (`data.alert`) */
    bool unacknowledged;           /* of cases, holding, and nobody has acknowledged them */
};
/* One page of the alert log after @query->since. To acknowledge an alert, hand in an event about
 * the `id` of its last raise (RG_ABOUT_ACKNOWLEDGE) with a pipeline, without a file number, in the
 * stream of rg_ledger_codec_about_stream(). */
RG_CHECKED rg_err rg_session_alerts(struct rg_session *s, const struct rg_session_alerts *query,
                                    struct rg_answer *out);
/* What to judge, and how the figures are given. */
struct rg_session_conformance {
    struct rg_bytes rules; /* YAML, borrowed; empty: the active definition */
    int64_t as_of_ms;      /* -1: the ledger's latest occurred_at */
    uint32_t by; /* RG_REQUEST_BY_SITE, RG_REQUEST_BY_MONTH: also broken down by these; 0: not */
};
/* The whole conformance result as JSON text, malloc'ed with a final NUL; the caller frees it.
 * Errors: as rg_session_call(); the node refuses with RG_SESSION_INPUT rules that it cannot read, a
 * @query->by that it does not know, by site where the definition names no field for it, and more
 * sites and months than it can hold. */
RG_CHECKED rg_err rg_session_conformance(struct rg_session *s,
                                         const struct rg_session_conformance *query, char **out,
                                         size_t *out_len);
/* The process definition that is in force for what is recorded next. */
RG_CHECKED rg_err rg_session_definition(struct rg_session *s, struct rg_answer *out);
/* The definition with this version number, or (@motion not NULL, @version 0) that of an open
 * motion. */
RG_CHECKED rg_err rg_session_definition_of(struct rg_session *s, uint32_t version,
                                           const struct rg_hash *motion, struct rg_answer *out);
/* Read the durable cursor @name (@acknowledge 0), or move it to @acknowledge first. */
RG_CHECKED rg_err rg_session_cursor(struct rg_session *s, const char *name, uint64_t acknowledge,
                                    uint64_t *out);
/* Who takes turns, who could, and what is moved. */
RG_CHECKED rg_err rg_session_motions(struct rg_session *s, struct rg_answer *out);
/* Hand in an agency's ballot: @entry, bytes of an Entry that its admin key has signed. @wait: come
 * back when it is final, after twenty days at most; what it came to is then
 * @out->submitted.verdict. */
RG_CHECKED rg_err rg_session_ballot(struct rg_session *s, struct rg_bytes entry, bool wait,
                                    struct rg_answer *out);
/* A test hook of a node started with --test-hooks. */
RG_CHECKED rg_err rg_session_hook(struct rg_session *s, const char *name);

#endif /* RG_CLIENT_SESSION_H */
