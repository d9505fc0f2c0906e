#include "node/agency/api.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "base/num.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "node/agency/api_priv.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BUILD_ARENA (2u * 1024u * 1024u)

rg_err rg_api_new(const struct rg_api_config *c, struct rg_api **out)
{
    struct rg_api *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return RG_ERR_NOMEM;
    }
    a->c = *c;
    a->agency = c->genesis->principal[c->principal].agency;
    rg_err err = rg_arena_init(&a->decode, RG_CLIENT_CODEC_ARENA);
    if (err == RG_OK) {
        err = rg_arena_init(&a->encode, RG_CLIENT_CODEC_ARENA);
    }
    if (err == RG_OK) {
        err = rg_arena_init(&a->build, BUILD_ARENA);
    }
    if (err != RG_OK) {
        rg_api_destroy(&a);
        return err;
    }
    *out = a;
    return RG_OK;
}

static void drop_page(struct rg_api *a, struct rg_api_page *p)
{
    a->page_bytes -= p->len;
    free(p->data);
    *p = (struct rg_api_page){0};
}

void rg_api_destroy(struct rg_api **a_p)
{
    struct rg_api *a = a_p != NULL ? *a_p : NULL;
    if (a == NULL) {
        return;
    }
    for (size_t i = 0; i < RG_API_PAGES_MAX; i++) {
        drop_page(a, &a->page[i]);
    }
    rg_arena_fini(&a->decode);
    rg_arena_fini(&a->encode);
    rg_arena_fini(&a->build);
    free(a);
    *a_p = NULL;
}

void rg_api_on_status(struct rg_api *a, const struct rg_link_status *s)
{
    a->status = *s;
    a->have_status = true;
    rg_api_on_height(a, s->core.height);
}

void rg_api_on_height(struct rg_api *a, uint64_t height)
{
    a->height = rg_num_max(a->height, height);
}

uint64_t rg_api_frames(const struct rg_api *a)
{
    return a->frames;
}

void rg_api_answer(struct rg_api *a, const struct rg_submit_client *client,
                   const struct rg_answer *answer)
{
    struct rg_bytes bytes = {0};
    rg_arena_reset(&a->encode);
    if (rg_client_codec_encode_answer(&a->encode, answer, &bytes) != RG_OK) {
        const struct rg_answer failed = {
            .id = answer->id,
            .code = 70,
            .error = rg_bytes_str("The answer does not fit into a frame; ask for less.")};
        rg_arena_reset(&a->encode);
        if (rg_client_codec_encode_answer(&a->encode, &failed, &bytes) != RG_OK) {
            return;
        }
    }
    a->c.send(a->c.ctx, client->route, client->route_len, bytes);
}

void rg_api__error(struct rg_api *a, const struct rg_submit_client *client, uint32_t code,
                   const char *text)
{
    const struct rg_answer answer = {
        .id = client->request, .code = code, .error = rg_bytes_str(text)};
    rg_api_answer(a, client, &answer);
}

rg_err rg_api__excuse(struct rg_api *a, const struct rg_submit_client *client, rg_err err)
{
    if (err == RG_ERR_NOMEM || err == RG_ERR_FULL) {
        rg_api__error(a, client, 75, "This node is short of memory; try again.");
        return RG_OK;
    }
    if (err == RG_ERR_BUSY) {
        rg_api__error(a, client, 75, "All readers of this node's store are taken; try again.");
        return RG_OK;
    }
    return err;
}

struct rg_api_waiter *rg_api__wait(struct rg_api *a, const struct rg_submit_client *client)
{
    for (size_t i = 0; i < RG_API_PENDING_MAX; i++) {
        struct rg_api_waiter *w = &a->waiter[i];
        if (w->token == 0) {
            *w = (struct rg_api_waiter){.token = ++a->last_token, .client = *client};
            return w;
        }
    }
    rg_api__error(a, client, 75, "Too many requests wait for the rules at this node; try again.");
    return NULL;
}

/* Which roles may make a request; 0: every role. */
static uint32_t roles_for(enum rg_request_kind kind)
{
    switch (kind) {
    case RG_REQUEST_SUBMIT:
        return RG_ROLE_CASE_SYSTEM | RG_ROLE_OFFICER;
    case RG_REQUEST_CASE:
    case RG_REQUEST_EVENTS:
        return RG_ROLE_CASE_SYSTEM | RG_ROLE_OFFICER | RG_ROLE_AUDITOR;
    case RG_REQUEST_ALERTS:
    case RG_REQUEST_CONFORMANCE:
        return RG_ROLE_CASE_SYSTEM | RG_ROLE_OFFICER | RG_ROLE_MONITOR | RG_ROLE_AUDITOR;
    case RG_REQUEST_CURSOR:
        return RG_ROLE_CASE_SYSTEM | RG_ROLE_OFFICER | RG_ROLE_MONITOR;
    case RG_REQUEST_TEST_HOOK:
    case RG_REQUEST_BALLOT:
        return RG_ROLE_OPERATOR;
    case RG_REQUEST_STATUS:
    case RG_REQUEST_MOTIONS:
    case RG_REQUEST_DEFINITION:
    case RG_REQUEST_PAGE:
    case RG_REQUEST_NONE:
        break;
    }
    return 0;
}

static rg_err cursor(struct rg_api *a, const struct rg_submit_client *client,
                     const struct rg_request *r)
{
    uint64_t at = 0;
    const rg_err err =
        rg_monitor_cursor(a->c.monitor, client->principal, r->name, r->acknowledge, &at);
    if (err == RG_ERR_FULL) {
        rg_api__error(a, client, 75,
                      "This node keeps no more cursors; use one of the names in use.");
        return RG_OK;
    }
    if (err == RG_ERR_INVALID) {
        rg_api__error(a, client, 65,
                      "The cursor's name is not well-formed, or the number is beyond the newest "
                      "alert; correct it.");
        return RG_OK;
    }
    if (err == RG_OK) {
        const struct rg_answer answer = {
            .kind = RG_ANSWER_CURSOR, .id = client->request, .acknowledged = at};
        rg_api_answer(a, client, &answer);
    }
    return err;
}

/* Make room for a result of @len bytes: old ones go first. */
static struct rg_api_page *page_room(struct rg_api *a, size_t len)
{
    struct rg_api_page *best = NULL;
    for (size_t i = 0; i < RG_API_PAGES_MAX; i++) {
        struct rg_api_page *p = &a->page[i];
        if (p->token != 0 && a->now.mono_ms - p->made_ms > RG_API_PAGE_KEEP_MS) {
            drop_page(a, p);
        }
        if (best == NULL || p->token == 0 || (best->token != 0 && p->made_ms < best->made_ms)) {
            best = p;
        }
    }
    drop_page(a, best);
    return a->page_bytes + len <= RG_API_PAGES_BYTES_MAX ? best : NULL;
}

static void send_page(struct rg_api *a, const struct rg_submit_client *client,
                      struct rg_api_page *p, uint32_t number)
{
    const uint64_t from = (uint64_t)number * RG_CLIENT_PAGE_BYTES;
    if (from >= p->len && !(from == 0 && p->len == 0)) {
        rg_api__error(a, client, 65, "There is no page with this number.");
        return;
    }
    const size_t len = (size_t)rg_num_min(p->len - from, RG_CLIENT_PAGE_BYTES);
    const bool last = from + len == p->len;
    const struct rg_answer answer = {
        .kind = RG_ANSWER_PAGE,
        .id = client->request,
        .page_token = last ? 0 : p->token,
        .page_data = {p->data + from, len},
    };
    rg_api_answer(a, client, &answer);
    if (last) {
        drop_page(a, p);
    }
}

static void on_conformance(void *ctx, uint64_t token, rg_err err, struct rg_bytes text)
{
    struct rg_api *a = ctx;
    struct rg_api_waiter *w = NULL;
    for (size_t i = 0; i < RG_API_PENDING_MAX && w == NULL; i++) {
        w = a->waiter[i].token == token ? &a->waiter[i] : NULL;
    }
    if (w == NULL || err == RG_ERR_CLOSED) {
        return;
    }
    w->token = 0;
    if (err != RG_OK) {
        char why[RG_API_TEXT_MAX];
        (void)snprintf(why, sizeof why, "%.*s", (int)rg_num_min(text.len, sizeof why - 1),
                       text.len > 0 ? (const char *)text.data : rg_err_text(err));
        rg_api__error(a, &w->client, err == RG_ERR_INVALID ? 65 : 75, why);
        return;
    }
    struct rg_api_page *p = page_room(a, text.len);
    uint8_t *data = p != NULL ? malloc(text.len + 1) : NULL;
    if (data == NULL) {
        rg_api__error(a, &w->client, 75,
                      "The result is too large to keep at this time; try again.");
        return;
    }
    memcpy(data, text.data, text.len);
    *p = (struct rg_api_page){
        .principal = w->client.principal, .made_ms = a->now.mono_ms, .data = data, .len = text.len};
    while (p->token == 0) {
        rg_rand((uint8_t *)&p->token, sizeof p->token); /* nobody else's result can be guessed */
    }
    a->page_bytes += text.len;
    send_page(a, &w->client, p, 0);
}

static rg_err conformance(struct rg_api *a, const struct rg_submit_client *client,
                          const struct rg_request *r)
{
    struct rg_api_waiter *w = rg_api__wait(a, client);
    if (w == NULL) {
        return RG_OK;
    }
    const struct rg_monitor_conformance ask = {
        .rules = r->rules,
        .as_of_ms = r->as_of_ms,
        .by = r->by,
        .height = a->height,
        .token = w->token,
        .fn = on_conformance,
        .ctx = a,
    };
    const rg_err err = rg_monitor_conformance(a->c.monitor, &ask);
    if (err != RG_OK) {
        w->token = 0;
        if (err == RG_ERR_INVALID) {
            rg_api__error(a, client, 65,
                          "The result is asked for by something else than site and month, which "
                          "this node does not know; update the node.");
            return RG_OK;
        }
        rg_api__error(a, client, 75, "This node is judging already; try again when it is done.");
    }
    return err == RG_ERR_CORRUPT || err == RG_ERR_IO ? err : RG_OK;
}

static void page(struct rg_api *a, const struct rg_submit_client *client,
                 const struct rg_request *r)
{
    for (size_t i = 0; i < RG_API_PAGES_MAX; i++) {
        struct rg_api_page *p = &a->page[i];
        if (p->token != 0 && p->token == r->token && p->principal == client->principal) {
            send_page(a, client, p, r->page);
            return;
        }
    }
    rg_api__error(a, client, 75, "This result is kept no longer; ask for it anew.");
}

static void test_hook(struct rg_api *a, const struct rg_submit_client *client,
                      const struct rg_request *r)
{
    if (!a->c.test_hooks) {
        rg_api__error(a, client, 77, "This node was started without test hooks.");
        return;
    }
    if (!rg_bytes_eq(r->name, rg_bytes_str("kill-zap")) || a->c.kill_zap == NULL) {
        rg_api__error(a, client, 65, "There is no test hook of this name.");
        return;
    }
    const struct rg_answer answer = {.id = client->request};
    rg_api_answer(a, client, &answer);
    a->c.kill_zap(a->c.ctx);
}

static rg_err dispatch(struct rg_api *a, const struct rg_submit_client *client,
                       const struct rg_request *r)
{
    switch (r->kind) {
    case RG_REQUEST_SUBMIT:
        return rg_submit_take(a->c.submit, client, r, a->now.wall_ms);
    case RG_REQUEST_STATUS:
        rg_api__status(a, client);
        break;
    case RG_REQUEST_CASE:
        return rg_api__case(a, client, r);
    case RG_REQUEST_ALERTS:
        return rg_api__alerts(a, client, r);
    case RG_REQUEST_CONFORMANCE:
        return conformance(a, client, r);
    case RG_REQUEST_DEFINITION:
        return rg_api__definition(a, client, r);
    case RG_REQUEST_CURSOR:
        return cursor(a, client, r);
    case RG_REQUEST_TEST_HOOK:
        test_hook(a, client, r);
        break;
    case RG_REQUEST_PAGE:
        page(a, client, r);
        break;
    case RG_REQUEST_EVENTS:
        return rg_api__events(a, client, r);
    case RG_REQUEST_BALLOT:
        rg_submit_take_ballot(a->c.submit, client, r);
        break;
    case RG_REQUEST_MOTIONS:
        return rg_api__motions(a, client);
    case RG_REQUEST_NONE:
        rg_api__error(a, client, 65, "The request asks for nothing this node knows.");
        break;
    }
    return RG_OK;
}

rg_err rg_api_on_frame(struct rg_api *a, struct rg_submit_client *client, struct rg_bytes frame,
                       struct rg_api_now now)
{
    struct rg_request r = {0};
    a->now = now;
    rg_arena_reset(&a->decode);
    rg_arena_reset(&a->build);
    const rg_err err =
        rg_client_codec_decode_request(&a->decode, &a->c.genesis->ledger_id, frame, &r);
    client->request = r.id;
    /* Asking how it is does not count: an idle node shows the same number twice. */
    a->frames += err == RG_OK && r.kind != RG_REQUEST_STATUS ? 1 : 0;
    if (err == RG_ERR_AUTH) {
        char text[RG_API_TEXT_MAX];
        char id[2 * RG_HASH_BYTES + 1];
        rg_hex_format(a->c.genesis->ledger_id.b, RG_HASH_BYTES, id);
        (void)snprintf(text, sizeof text,
                       "This node serves the ledger %s (%.16s...), the request is for another one; "
                       "check `ledger_id` in the profile.",
                       a->c.genesis->name, id);
        rg_api__error(a, client, 77, text);
        return RG_OK;
    }
    if (err == RG_ERR_VERSION) {
        rg_api__error(a, client, 65, "The request is of a newer version; update this node.");
        return RG_OK;
    }
    if (err != RG_OK) {
        rg_api__error(a, client, 65, "The request is malformed; make it with libreigen.");
        return RG_OK;
    }
    const uint32_t roles = roles_for(r.kind);
    if (roles != 0 && (a->c.genesis->principal[client->principal].roles & roles) == 0) {
        rg_api__error(a, client, 77,
                      "This member's roles do not cover the request; ask the agency's "
                      "administrator.");
        return RG_OK;
    }
    return rg_api__excuse(a, client, dispatch(a, client, &r));
}
