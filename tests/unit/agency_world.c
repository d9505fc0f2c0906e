#include "agency_world.h"
#include "base/bytes.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void let_go(struct rg_bytes *b)
{
    free((void *)(uintptr_t)b->data);
    *b = (struct rg_bytes){0};
}

static void on_send(void *ctx, const struct rg_submit_package *p)
{
    struct world_node *n = ctx;
    struct world *w = n->world;
    if (p->sub != NULL) {
        rg_keys_deliver(n->keys, p->sub);
    }
    if (n->refuse) {
        const struct rg_hash none = {{0}};
        rg_submit_on_taken(n->submit, p->token, 0, &none, w->mono_ms);
        return;
    }
    assert_true(w->parcel_count < sizeof w->parcel / sizeof w->parcel[0]);
    struct world_parcel *parcel = &w->parcel[w->parcel_count++];
    parcel->from = n->index;
    parcel->token = p->token;
    parcel->sequence = ++n->sequence;
    world_submission(&w->genesis, w->node_key[n->index], n->index, p->entries, p->entry_count,
                     parcel);
    assert_true(n->record_count < sizeof n->record / sizeof n->record[0]);
    n->record[n->record_count++] = (struct world_record){n->sequence, world_keep(p->private_bytes)};
    rg_submit_on_taken(n->submit, p->token, n->sequence, &parcel->hash, w->mono_ms);
}

static void on_answer(void *ctx, const struct rg_submit_client *client, const struct rg_answer *a)
{
    struct world_node *n = ctx;
    assert_true(n->answer_count < WORLD_ANSWERS_MAX);
    struct world_answer *out = &n->answer[n->answer_count++];
    memset(out, 0, sizeof *out);
    out->request = client->request;
    out->code = a->code;
    out->submitted = a->submitted;
    (void)snprintf(out->error, sizeof out->error, "%.*s", (int)a->error.len,
                   a->error.len > 0 ? (const char *)a->error.data : "");
}

static rg_err on_alert(void *ctx, const struct rg_hash *id, struct rg_submit_alert *out)
{
    const struct world_node *n = ctx;
    (void)id;
    if (n->alert_err == RG_OK) {
        *out = n->alert;
    }
    return n->alert_err;
}

static void on_peer(void *ctx, uint16_t peer, struct rg_bytes bytes)
{
    struct world_node *n = ctx;
    struct world *w = n->world;
    if (w->lose_letters || w->letter_count == sizeof w->letter / sizeof w->letter[0]) {
        return;
    }
    w->letter[w->letter_count++] =
        (struct world_letter){(uint16_t)n->index, peer, world_keep(bytes)};
}

static void on_alarm(void *ctx, const char *code, struct rg_bytes subject, const char *text)
{
    struct world_node *n = ctx;
    (void)subject;
    (void)code;
    n->alarms++;
    (void)snprintf(n->alarm, sizeof n->alarm, "%s", text);
}

void world_node_open(struct world *w, uint32_t i)
{
    struct world_node *n = &w->node[i];
    uint8_t key[32];
    rg_sign_derive(w->node_key[i], "rg-vault", key);
    const struct rg_vault_options o = {.dir = n->dir,
                                       .ledger = &w->genesis.ledger_id,
                                       .key = key,
                                       .agency_count = w->genesis.agency_count};
    assert_int_equal(rg_vault_open(&o, &n->vault), RG_OK);
    rg_casebook_verifier_init(&n->verifier, &w->genesis);
    rg_keys_places(&w->genesis, n->place_of);
    assert_int_equal(rg_pending_new(n->vault, i, &n->pending), RG_OK);
    assert_int_equal(rg_blocks_new(w->chain, &n->blocks), RG_OK);
    assert_int_equal(rg_feed_new(n->vault, n->blocks, &w->genesis, &n->feed), RG_OK);
    const struct rg_follow_config f = {.genesis = &w->genesis,
                                       .principal = i,
                                       .chain = w->chain,
                                       .blocks = n->blocks,
                                       .vault = n->vault,
                                       .pending = n->pending,
                                       .verifier = &n->verifier,
                                       .recent = rg_feed_recent(n->feed),
                                       .place_of = n->place_of,
                                       .alarm = on_alarm,
                                       .alarm_ctx = n};
    assert_int_equal(rg_follow_new(&f, &n->follow), RG_OK);
    const struct rg_keys_config k = {.genesis = &w->genesis,
                                     .principal = i,
                                     .vault = n->vault,
                                     .pending = n->pending,
                                     .follow = n->follow,
                                     .send = on_peer,
                                     .send_ctx = n,
                                     .alarm = on_alarm,
                                     .alarm_ctx = n};
    assert_int_equal(rg_keys_new(&k, &n->keys), RG_OK);
    const struct rg_submit_config s = {.genesis = &w->genesis,
                                       .principal = i,
                                       .definition = w->definition,
                                       .vault = n->vault,
                                       .pending = n->pending,
                                       .verifier = &n->verifier,
                                       .blocks = n->blocks,
                                       .send = on_send,
                                       .answer = on_answer,
                                       .alert = on_alert,
                                       .ctx = n};
    assert_int_equal(rg_submit_new(&s, &n->submit), RG_OK);
    for (size_t r = 0; r < n->record_count; r++) {
        assert_int_equal(
            rg_pending_restore(n->pending, n->record[r].sequence, n->record[r].private_bytes),
            RG_OK);
    }
    n->open = true;
}

void world_node_close(struct world *w, uint32_t i)
{
    struct world_node *n = &w->node[i];
    if (!n->open) {
        return;
    }
    rg_submit_destroy(&n->submit);
    rg_feed_destroy(&n->feed);
    rg_keys_destroy(&n->keys);
    rg_follow_destroy(&n->follow);
    rg_pending_destroy(&n->pending);
    rg_blocks_destroy(&n->blocks);
    rg_vault_close(&n->vault);
    n->open = false;
}

void world_open(struct world *w, uint32_t nodes, const char *yaml)
{
    char err[RG_DEFINITION_ERROR_MAX];
    memset(w, 0, sizeof *w);
    assert_int_equal(rg_sign_start(), RG_OK);
    w->nodes = nodes;
    w->time_ms = WORLD_START_MS;
    w->mono_ms = 1000;
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/rg-agency-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    world_genesis(&w->genesis, nodes, yaml, w->node_key, w->member_key);
    assert_int_equal(rg_definition_parse("test", rg_bytes_str(yaml), &w->definition, err), RG_OK);
    char chain[256];
    (void)snprintf(chain, sizeof chain, "%s/chain", w->dir);
    const struct rg_chain_options o = {.dir = chain,
                                       .ledger = w->genesis.ledger_id,
                                       .genesis_time_ms = (int64_t)WORLD_START_MS,
                                       .map_bytes = 1u << 28};
    assert_int_equal(rg_chain_open(&o, &w->chain), RG_OK);
    for (uint32_t i = 0; i < nodes; i++) {
        w->node[i].world = w;
        w->node[i].index = i;
        (void)snprintf(w->node[i].dir, sizeof w->node[i].dir, "%s/vault%u", w->dir, i);
        world_node_open(w, i);
    }
}

void world_close(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        world_node_close(w, i);
        for (size_t r = 0; r < w->node[i].record_count; r++) {
            let_go(&w->node[i].record[r].private_bytes);
        }
        rg_sign_destroy(&w->node_key[i]);
        rg_sign_destroy(&w->member_key[i]);
    }
    for (size_t i = 0; i < w->letter_count; i++) {
        let_go(&w->letter[i].bytes);
    }
    for (size_t i = 0; i < w->parcel_count; i++) {
        let_go(&w->parcel[i].bytes);
    }
    rg_chain_close(&w->chain);
    rg_definition_destroy(&w->definition);
    world_remove(w->dir);
}

uint64_t world_submit(struct world *w, uint32_t i, uint8_t stream, uint64_t first,
                      const struct world_event *events, uint32_t count)
{
    struct rg_arena arena;
    struct rg_request r = {.id = ++w->next_request, .first = first, .wait = true};
    const struct rg_submit_client client = {
        .route = {1}, .route_len = 1, .request = r.id, .principal = w->nodes + i};
    assert_int_equal(rg_arena_init(&arena, 4u << 20), RG_OK);
    memset(r.stream.b, stream, sizeof r.stream.b);
    world_request(events, count, &arena, &r);
    world_sign(&w->genesis, w->member_key[i], w->nodes + i, &r);
    assert_int_equal(rg_submit_take(w->node[i].submit, &client, &r, w->time_ms), RG_OK);
    rg_arena_fini(&arena);
    return r.id;
}

void world_pack(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        if (w->node[i].open) {
            assert_int_equal(rg_submit_pack(w->node[i].submit, w->mono_ms), RG_OK);
        }
    }
}

void world_block(struct world *w)
{
    size_t count = 0; /* four full submissions fit into a block */
    for (size_t sum = 0; count < w->parcel_count; count++) {
        sum += w->parcel[count].bytes.len + 8;
        if (sum > RG_BLOCK_MAX - 1024) {
            break;
        }
    }
    w->height++;
    w->time_ms += 1000;
    const struct world_block_of b = {.height = w->height,
                                     .time_ms = w->time_ms,
                                     .parcels = w->parcel,
                                     .count = count,
                                     .verdict = w->verdict};
    world_append(w->chain, &w->genesis, &b);
    for (size_t i = 0; i < count; i++) {
        struct world_parcel *p = &w->parcel[i];
        if (w->node[p->from].open) {
            rg_submit_on_final(w->node[p->from].submit, p->token, w->height, w->verdict, &p->hash);
        }
        let_go(&p->bytes);
    }
    w->parcel_count -= count;
    memmove(w->parcel, w->parcel + count, w->parcel_count * sizeof w->parcel[0]);
}

void world_follow(struct world *w, uint32_t i)
{
    bool more = true;
    while (more) {
        more = false;
        assert_int_equal(rg_follow_step(w->node[i].follow, w->height, 1u << 20, &more), RG_OK);
    }
    assert_int_equal(rg_submit_on_followed(w->node[i].submit), RG_OK);
}

void world_deliver(struct world *w)
{
    const size_t count = w->letter_count;
    bool fed = false;
    for (size_t i = 0; i < count; i++) {
        struct world_letter l = w->letter[i];
        if (w->node[l.to].open && !w->lose_letters) {
            assert_int_equal(rg_keys_on_message(w->node[l.to].keys, l.from, l.bytes), RG_OK);
        }
        let_go(&l.bytes);
    }
    memmove(w->letter, w->letter + count, (w->letter_count - count) * sizeof w->letter[0]);
    w->letter_count -= count;
    for (uint32_t i = 0; i < w->nodes; i++) {
        if (w->node[i].open) {
            assert_int_equal(rg_keys_flush(w->node[i].keys, &fed), RG_OK);
        }
    }
}

void world_run(struct world *w)
{
    for (int turn = 0; turn < 2000; turn++) {
        bool idle = w->letter_count == 0;
        world_pack(w);
        idle = idle && w->parcel_count == 0 && w->letter_count == 0;
        world_deliver(w);
        if (w->parcel_count > 0) {
            world_block(w);
        }
        for (uint32_t i = 0; i < w->nodes; i++) {
            if (w->node[i].open) {
                world_follow(w, i);
            }
        }
        if (idle) {
            return;
        }
    }
    fail_msg("the world does not come to rest");
}

void world_pass(struct world *w, uint64_t ms)
{
    for (uint64_t t = 0; t < ms; t += 100) {
        w->mono_ms += 100;
        for (uint32_t i = 0; i < w->nodes; i++) {
            if (w->node[i].open) {
                assert_int_equal(rg_keys_tick(w->node[i].keys, w->mono_ms), RG_OK);
            }
        }
        while (w->letter_count > 0) {
            world_deliver(w);
        }
    }
}

const struct world_answer *world_answer_of(const struct world *w, uint32_t i, uint64_t request)
{
    for (size_t a = 0; a < w->node[i].answer_count; a++) {
        if (w->node[i].answer[a].request == request) {
            return &w->node[i].answer[a];
        }
    }
    return NULL;
}

struct rg_id world_pseudonym(struct world *w, uint32_t i, const char *file)
{
    uint64_t case_no = 0;
    const struct rg_vault_case *c = NULL;
    assert_int_equal(rg_pending_find_file(w->node[i].pending, rg_bytes_str(file), &case_no), RG_OK);
    assert_int_equal(rg_pending_get_case(w->node[i].pending, case_no, &c), RG_OK);
    return c->pseudonym;
}

struct text {
    char *out;
    size_t cap;
    size_t len;
};

static rg_err add_text(void *ctx, const struct rg_feed_event *e)
{
    struct text *t = ctx;
    const int n =
        snprintf(t->out + t->len, t->cap - t->len, "%u:%.*s@%" PRIu64 "/%" PRIu64 " ", e->event_no,
                 (int)e->event->step.len, (const char *)e->event->step.data, e->height, e->time_ms);
    assert_true(n > 0 && (size_t)n < t->cap - t->len);
    t->len += (size_t)n;
    return RG_OK;
}

void world_case_text(struct world *w, uint32_t i, const struct rg_id *pseudonym, char *out,
                     size_t cap)
{
    struct text t = {out, cap, 0};
    uint64_t case_no = 0;
    out[0] = '\0';
    if (rg_pending_find_pseudonym(w->node[i].pending, pseudonym, &case_no) != RG_OK) {
        return;
    }
    const struct rg_feed_range range = {
        .case_no = case_no, .max = UINT32_MAX, .through = UINT64_MAX};
    assert_int_equal(rg_feed_read_case(w->node[i].feed, &range, add_text, &t), RG_OK);
}
