#include "client/session.h"
#include "base/hex.h"
#include "client/session_priv.h"
#include <czmq.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

rg_err rg_session_start(void)
{
    static const char *const names[] = {
        "ZSYS_LINGER",    "ZSYS_SNDHWM",      "ZSYS_RCVHWM",     "ZSYS_PIPEHWM",   "ZSYS_IPV6",
        "ZSYS_INTERFACE", "ZSYS_MAX_SOCKETS", "ZSYS_IO_THREADS", "ZSYS_LOGSTREAM",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unsetenv(names[i]);
    }
    if (rg_sign_start() != RG_OK) {
        return RG_ERR_SYSTEM;
    }
    zsys_handler_set(NULL);
    return zsys_init() != NULL ? RG_OK : RG_ERR_SYSTEM;
}

void rg_session_finish(void)
{
    zsys_shutdown();
}

rg_err rg_session__fail(struct rg_session *s, rg_err err, uint32_t code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(s->why, sizeof s->why, format, ap);
    va_end(ap);
    s->code = code;
    return err;
}

rg_err rg_session__fail_wire(struct rg_session *s, const struct rg_line *w, const char *endpoint)
{
    char key[2 * RG_KEY_BYTES + 1];
    switch (rg_line_fault(w)) {
    case RG_LINE_KEY:
        return rg_session__fail(
            s, RG_ERR_AUTH, RG_SESSION_DENIED,
            "%s refuses this member's key: it is not a member of the node's agency with a role for "
            "this socket; check `key` in the profile, or ask the agency to enrol it",
            endpoint);
    case RG_LINE_SERVER_KEY:
        rg_hex_format(s->server_key.b, RG_KEY_BYTES, key);
        return rg_session__fail(
            s, RG_ERR_AUTH, RG_SESSION_DENIED,
            "%s ends every handshake without a reason: its key is not %.16s…, or it admits nobody; "
            "check `server_key` and the address in the profile (another ledger?)",
            endpoint, key);
    case RG_LINE_PROTOCOL:
        return rg_session__fail(s, RG_ERR_AUTH, RG_SESSION_DENIED,
                                "what answers at %s does not speak CurveZMQ, so it is no Reigen "
                                "node; check the address in the profile",
                                endpoint);
    case RG_LINE_FINE:
        break;
    }
    return rg_session__fail(s, RG_ERR_UNREACHABLE, RG_SESSION_UNAVAILABLE,
                            "no node answers at %s; is it running? (`reigen cluster status`, or "
                            "the log of reigend)",
                            endpoint);
}

rg_err rg_session__fail_answer(struct rg_session *s, const struct rg_answer *a)
{
    rg_err err = RG_ERR_SYSTEM;
    switch (a->code) {
    case RG_SESSION_NO:
        err = RG_ERR_NOT_FOUND;
        break;
    case RG_SESSION_INPUT:
        err = RG_ERR_INVALID;
        break;
    case RG_SESSION_UNAVAILABLE:
        err = RG_ERR_UNREACHABLE;
        break;
    case RG_SESSION_DISK:
        err = RG_ERR_IO;
        break;
    case RG_SESSION_AGAIN:
        err = RG_ERR_BUSY;
        break;
    case RG_SESSION_DENIED:
        err = RG_ERR_DENIED;
        break;
    case RG_SESSION_USAGE:
    case RG_SESSION_CONFIG:
        err = RG_ERR_USAGE;
        break;
    default:
        break;
    }
    const int len = a->error.len > 500 ? 500 : (int)a->error.len;
    if (len == 0) {
        return rg_session__fail(s, err, a->code, "the node answers with code %u", a->code);
    }
    return rg_session__fail(s, err, a->code, "%.*s", len, (const char *)a->error.data);
}

static bool copy_endpoint(const char *from, char to[RG_LINE_ENDPOINT_MAX])
{
    const size_t len = from == NULL ? 0 : strlen(from);
    if (len >= RG_LINE_ENDPOINT_MAX) {
        return false;
    }
    memcpy(to, from == NULL ? "" : from, len + 1);
    return true;
}

rg_err rg_session_open(const struct rg_session_config *config, struct rg_session **out)
{
    struct rg_session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    s->server_key = config->server_key;
    s->ledger = config->ledger;
    s->member = config->member;
    s->key = config->key;
    s->stop = config->stop;
    rg_err err = RG_ERR_INVALID;
    if (copy_endpoint(config->api, s->api) && copy_endpoint(config->events, s->events)) {
        err = rg_arena_init(&s->out, RG_CLIENT_CODEC_ARENA);
    }
    if (err == RG_OK) {
        err = rg_arena_init(&s->in, RG_CLIENT_CODEC_ARENA);
    }
    if (err == RG_OK) {
        const struct rg_line_config wire = {RG_LINE_DEALER, s->api, s->server_key, s->key, NULL, 0};
        err = rg_line_open(&wire, &s->wire);
    }
    if (err != RG_OK) {
        rg_session_close(&s);
        return err;
    }
    *out = s;
    return RG_OK;
}

void rg_session_close(struct rg_session **s_p)
{
    if (s_p == NULL || *s_p == NULL) {
        return;
    }
    struct rg_session *s = *s_p;
    rg_line_close(&s->wire);
    rg_arena_fini(&s->in);
    rg_arena_fini(&s->out);
    free(s);
    *s_p = NULL;
}

const char *rg_session_why(const struct rg_session *s)
{
    return s->why;
}

uint32_t rg_session_code(const struct rg_session *s)
{
    return s->code;
}

bool rg_session__stopped(const struct rg_session *s)
{
    return s->stop != NULL && *s->stop != 0;
}

rg_err rg_session_wait(struct rg_session *s, int64_t timeout_ms)
{
    const int64_t end = rg_line_now() + timeout_ms;
    while (!rg_line_is_up(s->wire)) {
        const int64_t left = end - rg_line_now();
        if (left <= 0 || rg_session__stopped(s)) {
            return rg_session__fail_wire(s, s->wire, s->api);
        }
        if (rg_line_poll(s->wire, left) == RG_LINE_FAULT) {
            return rg_session__fail_wire(s, s->wire, s->api);
        }
    }
    return RG_OK;
}

/* Wait for the answer to request @id until @end. RG_ERR_CLOSED: the connection was lost. */
static rg_err await(struct rg_session *s, uint64_t id, int64_t end, struct rg_answer *out)
{
    for (;;) {
        const int64_t left = end - rg_line_now();
        if (left <= 0 || rg_session__stopped(s)) {
            return rg_session__fail(s, RG_ERR_TIMEOUT, RG_SESSION_UNAVAILABLE,
                                    "the node at %s took the question and did not answer in time; "
                                    "it may be paused or overloaded, try again",
                                    s->api);
        }
        const enum rg_line_news news = rg_line_poll(s->wire, left);
        if (news == RG_LINE_DOWN) {
            return RG_ERR_CLOSED;
        }
        if (news != RG_LINE_MESSAGE || rg_line_frames(s->wire) != 1) {
            continue;
        }
        rg_arena_reset(&s->in);
        const rg_err err = rg_client_codec_decode_answer(&s->in, rg_line_frame(s->wire, 0), out);
        if (err != RG_OK) {
            return rg_session__fail(s, err, RG_SESSION_INTERNAL,
                                    "the node at %s sent something that is no answer (%s); do its "
                                    "version and this program's fit?",
                                    s->api, rg_err_text(err));
        }
        if (out->id == id || out->id == 0) {
            return out->code == 0 ? RG_OK : rg_session__fail_answer(s, out);
        }
    }
}

rg_err rg_session_call(struct rg_session *s, const struct rg_request *request, int64_t timeout_ms,
                       struct rg_answer *out)
{
    struct rg_request r = *request;
    struct rg_bytes frame = {NULL, 0};
    r.id = ++s->last_id;
    s->code = 0;
    s->why[0] = '\0';
    rg_arena_reset(&s->out);
    rg_err err = rg_client_codec_encode_request(&s->out, &s->ledger, &r, &frame);
    if (err != RG_OK) {
        return rg_session__fail(s, err, RG_SESSION_INPUT, "the request cannot be encoded: %s",
                                rg_err_text(err));
    }
    const int64_t wait = timeout_ms > 0 ? timeout_ms : RG_SESSION_ANSWER_MS;
    const int64_t end = rg_line_now() + RG_SESSION_CONNECT_MS + wait;
    err = RG_ERR_CLOSED;
    while (err == RG_ERR_CLOSED) {
        err = rg_session_wait(s, RG_SESSION_CONNECT_MS);
        if (err != RG_OK) {
            return err;
        }
        /* Not taken although up: the connection was just lost; the next wait sees that. */
        err = rg_line_send(s->wire, frame) == RG_OK ? await(s, r.id, rg_line_now() + wait, out)
                                                    : RG_ERR_CLOSED;
        if (err == RG_ERR_CLOSED && rg_line_now() >= end) {
            return rg_session__fail_wire(s, s->wire, s->api);
        }
        if (err == RG_ERR_CLOSED && rg_line_reset(s->wire) != RG_OK) {
            return rg_session__fail(s, RG_ERR_SYSTEM, RG_SESSION_INTERNAL,
                                    "cannot make a new socket for %s", s->api);
        }
    }
    return err;
}
