#include "core_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "consensus/cert.h"
#include "crypto/hash.h"
#include "proto/genesis_codec.h"
#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"

#define CHAIN_MAX 20000u

void lab_sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out)
{
    const struct rg_pubkey *key = ctx;
    struct rg_hash h;
    struct rg_hash_state s;
    rg_hash_begin(&s, "test/sign", digest);
    rg_hash_add(&s, (struct rg_bytes){key->b, sizeof key->b});
    rg_hash_end(&s, &h);
    memcpy(out->b, h.b, 32);
    memcpy(out->b + 32, digest->b, 32);
}

bool lab_verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                const struct rg_sig *sig)
{
    struct rg_pubkey copy = *key;
    struct rg_sig want;
    (void)ctx;
    lab_sign(&copy, digest, &want);
    return memcmp(&want, sig, sizeof want) == 0;
}

static void fill_genesis(struct rg_genesis *g, uint16_t n)
{
    const char *why = "";
    snprintf(g->name, sizeof g->name, "lab");
    g->time_ms = 1700000000000u;
    rg_genesis_default_parameters(&g->parameters);
    g->parameters.tick_ms = LAB_TICK_MS;
    g->agency_count = n;
    g->principal_count = n;
    g->authority_count = n;
    for (uint32_t i = 0; i < n; i++) {
        snprintf(g->agency[i].name, sizeof g->agency[i].name, "agency%u", i + 1);
        g->agency[i].class = RG_AGENCY_LAND;
        g->agency[i].admin_key.b[0] = (uint8_t)(i + 1);
        g->agency[i].admin_key.b[1] = 1;
        snprintf(g->principal[i].name, sizeof g->principal[i].name, "node%u", i + 1);
        g->principal[i].agency = i;
        g->principal[i].roles = RG_ROLE_NODE;
        g->principal[i].sign_key.b[0] = (uint8_t)(i + 1);
        g->principal[i].sign_key.b[1] = 2;
        g->principal[i].curve_key.b[0] = (uint8_t)(i + 1);
        g->principal[i].curve_key.b[1] = 3;
        g->authority[i] = i;
    }
    memcpy(g->definition, "steps: any\n", 11);
    g->definition_len = 11;
    assert_int_equal(rg_genesis_check(g, &why), RG_OK);
    for (uint8_t i = 0; i < RG_HASH_BYTES; i++) {
        g->ledger_id.b[i] = (uint8_t)(i + 77);
    }
}

void lab_make(struct lab *l, uint16_t n, bool line, uint64_t journal_bytes)
{
    memset(l, 0, sizeof *l);
    l->genesis = calloc(1, sizeof *l->genesis);
    assert_non_null(l->genesis);
    fill_genesis(l->genesis, n);
    l->n = n;
    l->now = (struct rg_core_time){.mono_ms = 1000, .wall_ms = l->genesis->time_ms + 1000};
    for (uint16_t i = 0; i < n; i++) {
        struct lab_node *x = &l->node[i];
        x->dead = true;
        x->deadline_ms = UINT64_MAX;
        x->chain = calloc(CHAIN_MAX, sizeof *x->chain);
        assert_non_null(x->chain);
        x->config = (struct rg_core_config){.genesis = l->genesis,
                                            .principal = i,
                                            .relay = line,
                                            .sign = lab_sign,
                                            .sign_ctx = &l->genesis->principal[i].sign_key,
                                            .verify = lab_verify,
                                            .journal_bytes = journal_bytes};
        x->config.instance.b[0] = (uint8_t)(i + 1);
        for (uint16_t j = 0; j < n; j++) {
            l->connected[i][j] = i != j && (!line || i + 1 == j || j + 1 == i);
        }
    }
}

static void log_clear(struct lab_log *log, size_t keep)
{
    for (size_t i = keep; i < log->count; i++) {
        free(log->list[i].data);
    }
    log->count = keep < log->count ? keep : log->count;
}

static void log_add(struct lab_log *log, uint8_t type, struct rg_bytes b)
{
    if (log->count == log->cap) {
        log->cap = log->cap == 0 ? 256 : log->cap * 2;
        log->list = realloc(log->list, log->cap * sizeof *log->list);
        assert_non_null(log->list);
    }
    uint8_t *p = malloc(b.len + 1);
    assert_non_null(p);
    if (b.len > 0) {
        memcpy(p, b.data, b.len);
    }
    log->list[log->count++] = (struct lab_record){.type = type, .data = p, .len = b.len};
}

void lab_free(struct lab *l)
{
    for (uint16_t i = 0; i < l->n; i++) {
        struct lab_node *x = &l->node[i];
        rg_core_destroy(&x->core);
        log_clear(&x->journal, 0);
        log_clear(&x->next, 0);
        free(x->journal.list);
        free(x->next.list);
        for (uint64_t h = 1; h <= x->finals; h++) {
            free(x->chain[h].block);
            free(x->chain[h].cert);
            free(x->chain[h].results);
            free(x->chain[h].state);
        }
        free(x->chain);
    }
    while (l->first != NULL) {
        struct lab_message *m = l->first;
        l->first = m->next;
        free(m);
    }
    free(l->genesis);
}

static void own_seen(void *ctx, uint64_t sequence, struct rg_bytes submission,
                     struct rg_bytes private_bytes)
{
    uint64_t *count = ctx;
    assert_true(sequence > 0 && submission.len > 0);
    assert_true(private_bytes.len == 7);
    (*count)++;
}

void lab_start(struct lab *l, uint16_t i, size_t records)
{
    struct lab_node *x = &l->node[i];
    uint64_t own = 0;
    rg_core_destroy(&x->core);
    log_clear(&x->next, 0);
    x->turning = false;
    log_clear(&x->journal, records);
    x->synced = x->journal.count;
    x->config.instance.b[1]++;
    x->finals = x->finals > x->archived ? x->finals : x->archived;
    assert_int_equal(rg_core_new(&x->config, &x->core), RG_OK);
    /* An archive's group ends where a certificate stands. */
    uint64_t tip_height = x->archived;
    while (tip_height > 0 && x->chain[tip_height].cert_len == 0) {
        tip_height--;
    }
    x->archived = tip_height;
    const struct lab_block *b = &x->chain[tip_height];
    const struct rg_core_tip tip = {.height = tip_height,
                                    .time_ms = b->time_ms,
                                    .hash = b->hash,
                                    .state = {b->state, b->state_len},
                                    .block = {b->block, b->block_len},
                                    .cert = {b->cert, b->cert_len}};
    assert_int_equal(rg_core_recover_tip(x->core, &tip), RG_OK);
    x->journal_bytes = 0;
    for (size_t k = 0; k < x->journal.count; k++) {
        const struct lab_record *r = &x->journal.list[k];
        x->journal_bytes += r->len + 64;
        assert_int_equal(
            rg_core_recover_record(x->core, r->type, (struct rg_bytes){r->data, r->len}), RG_OK);
    }
    rg_core_each_own(x->core, own_seen, &own);
    x->dead = false;
    x->halt = NULL;
    lab_do(l, i, rg_core_start(x->core, x->journal.count > 0, l->now));
}

void lab_start_all(struct lab *l)
{
    for (uint16_t i = 0; i < l->n; i++) {
        lab_start(l, i, l->node[i].journal.count);
    }
}

void lab_kill(struct lab *l, uint16_t i)
{
    struct lab_node *x = &l->node[i];
    x->dead = true;
    rg_core_destroy(&x->core);
    log_clear(&x->next, 0);
    x->turning = false;
    log_clear(&x->journal, x->synced);
    struct lab_message **p = &l->first;
    l->last = NULL;
    while (*p != NULL) {
        struct lab_message *m = *p;
        if (m->to == i || m->from == i) {
            *p = m->next;
            free(m);
        } else {
            l->last = m;
            p = &m->next;
        }
    }
}

static void send_to(struct lab *l, uint16_t from, uint16_t to, bool gossip, struct rg_bytes b)
{
    if (!l->connected[from][to] || l->node[to].dead) {
        return;
    }
    struct lab_message *m = malloc(sizeof *m + b.len);
    assert_non_null(m);
    *m = (struct lab_message){.from = from, .to = to, .gossip = gossip, .len = b.len};
    memcpy(m->data, b.data, b.len);
    if (l->last != NULL) {
        l->last->next = m;
    } else {
        l->first = m;
    }
    l->last = m;
}

static uint8_t *copy(struct rg_bytes b, size_t *len)
{
    uint8_t *p = malloc(b.len + 1);
    assert_non_null(p);
    if (b.len > 0) {
        memcpy(p, b.data, b.len);
    }
    *len = b.len;
    return p;
}

static void final_block(struct lab_node *x, const struct rg_core_final *f)
{
    assert_true(f->height > 0 && f->height < CHAIN_MAX);
    assert_true(f->height <= x->finals + 1);
    struct lab_block *b = &x->chain[f->height];
    if (f->height <= x->finals) {
        /* Told again after a restart: it must be the very same. */
        assert_true(rg_hash_eq(&b->hash, &f->hash));
        assert_int_equal(b->state_len, f->state.len);
        assert_memory_equal(b->state, f->state.data, f->state.len);
        if (b->cert_len == 0 && f->cert.len > 0) {
            free(b->cert);
            b->cert = copy(f->cert, &b->cert_len);
        }
        return;
    }
    b->height = f->height;
    b->time_ms = f->time_ms;
    b->hash = f->hash;
    b->block = copy(f->block, &b->block_len);
    b->cert = copy(f->cert, &b->cert_len);
    b->results = copy(f->results, &b->results_len);
    b->state = copy(f->state, &b->state_len);
    x->finals = f->height;
}

static void serve(struct lab *l, uint16_t i, const struct rg_core_action *a)
{
    static struct rg_arena arena;
    static struct rg_bytes list[RG_PEER_BLOCKS_MAX];
    struct lab_node *x = &l->node[i];
    struct rg_peer_message m = {.kind = RG_PEER_BLOCKS, .from = a->height, .list = list};
    size_t bytes = 0;
    uint32_t count = 0;
    if (arena.data == NULL) {
        assert_int_equal(rg_arena_init(&arena, RG_PEER_CODEC_ARENA), RG_OK);
    }
    x->served++;
    for (uint64_t h = a->height; h <= x->archived && count < RG_PEER_BLOCKS_MAX; h++) {
        struct lab_block *b = &x->chain[h];
        if (count > 0 && bytes + b->block_len > a->max_bytes) {
            break;
        }
        /* An answer stays within one epoch. */
        if (b->cert_len > 0 && m.block.len > 0 &&
            rg_cert_epoch((struct rg_bytes){b->cert, b->cert_len}) != rg_cert_epoch(m.block)) {
            break;
        }
        list[count++] = (struct rg_bytes){b->block, b->block_len};
        bytes += b->block_len;
        if (b->cert_len > 0) {
            m.count = count;
            m.block = (struct rg_bytes){b->cert, b->cert_len};
        }
    }
    struct rg_bytes out;
    rg_arena_reset(&arena);
    assert_int_equal(rg_peer_codec_encode(&arena, &l->genesis->ledger_id, &m, &out), RG_OK);
    send_to(l, i, a->peer, false, out);
}

static void journal(struct lab_node *x, const struct rg_core_action *a)
{
    log_add(x->turning ? &x->next : &x->journal, a->type, a->bytes);
    x->journal_bytes += a->bytes.len + 64;
}

static void turn(struct lab_node *x, bool begin)
{
    if (begin) {
        x->turning = true;
        x->journal_bytes = 0;
        x->turns++;
        return;
    }
    log_clear(&x->journal, 0);
    const struct lab_log old = x->journal;
    x->journal = x->next;
    x->next = old;
    x->turning = false;
    x->synced = x->journal.count;
}

static void do_one(struct lab *l, uint16_t i, const struct rg_core_action *a)
{
    struct lab_node *x = &l->node[i];
    if (a->kind == RG_CORE_JOURNAL) {
        journal(x, a);
    } else if (a->kind == RG_CORE_TURN_BEGIN || a->kind == RG_CORE_TURN_END) {
        turn(x, a->kind == RG_CORE_TURN_BEGIN);
    } else if (a->kind == RG_CORE_BARRIER) {
        assert_false(x->turning);
        x->synced = x->journal.count;
        x->barriers++;
    } else if (a->kind == RG_CORE_BCAST) {
        x->broadcasts++;
        x->votes_out += a->topic == RG_CORE_TOPIC_VOTE;
        for (uint16_t j = 0; j < l->n; j++) {
            send_to(l, i, j, true, a->bytes);
        }
    } else if (a->kind == RG_CORE_SEND) {
        x->sends++;
        send_to(l, i, a->peer, false, a->bytes);
    } else if (a->kind == RG_CORE_FINAL) {
        final_block(x, a->block);
    } else if (a->kind == RG_CORE_OWN) {
        x->taken += a->sequence != 0;
        x->refused += a->sequence == 0;
        assert_true(a->sequence == 0 || x->synced == x->journal.count);
        x->own_sequence_max = a->sequence > 0 ? a->sequence : x->own_sequence_max;
    } else if (a->kind == RG_CORE_OWN_FINAL) {
        assert_int_equal(a->result, 0);
        assert_int_equal(x->synced, x->journal.count);
        x->own_final++;
    } else if (a->kind == RG_CORE_SERVE) {
        serve(l, i, a);
    } else if (a->kind == RG_CORE_DEADLINE) {
        x->deadline_ms = a->at_ms;
    } else if (a->kind == RG_CORE_ALARM) {
        x->alarm = a->text;
        x->alarms++;
    } else if (a->kind == RG_CORE_HALT) {
        x->halt = a->text;
    }
}

void lab_do(struct lab *l, uint16_t i, struct rg_core_actions actions)
{
    for (size_t k = 0; k < actions.count; k++) {
        do_one(l, i, &actions.list[k]);
    }
}

/* Tell node @i what its archive holds, as the archive thread would. */
static void archive(struct lab *l, uint16_t i)
{
    struct lab_node *x = &l->node[i];
    if (x->dead || x->hold_archive || x->archived == x->finals) {
        return;
    }
    x->archived = x->finals;
    lab_do(l, i, rg_core_on_archived(x->core, x->archived, l->now));
    lab_do(l, i, rg_core_on_followed(x->core, x->archived, l->now));
}

void lab_deliver(struct lab *l, size_t max)
{
    while (l->first != NULL && max-- > 0) {
        struct lab_message *m = l->first;
        l->first = m->next;
        if (l->first == NULL) {
            l->last = NULL;
        }
        if (!l->node[m->to].dead) {
            l->delivered++;
            lab_do(l, m->to,
                   rg_core_on_message(l->node[m->to].core, m->from, m->gossip,
                                      (struct rg_bytes){m->data, m->len}, l->now));
            archive(l, m->to);
        }
        free(m);
    }
}

void lab_run(struct lab *l, uint64_t ms, uint64_t step)
{
    for (uint64_t t = 0; t < ms; t += step) {
        lab_deliver(l, 200000);
        l->now.mono_ms += step;
        l->now.wall_ms += step;
        for (uint16_t i = 0; i < l->n; i++) {
            struct lab_node *x = &l->node[i];
            if (!x->dead && x->deadline_ms <= l->now.mono_ms) {
                x->deadline_ms = UINT64_MAX;
                lab_do(l, i, rg_core_on_tick(x->core, l->now));
                archive(l, i);
            }
        }
    }
    lab_deliver(l, 200000);
}

bool lab_submit(struct lab *l, uint16_t i, size_t count, size_t bytes)
{
    static uint64_t tag;
    static struct rg_arena arena;
    static uint8_t sealed[RG_ENTRY_MAX];
    static struct rg_bytes entries[RG_SUBMISSION_ENTRIES_MAX];
    struct lab_node *x = &l->node[i];
    const uint64_t before = x->taken;
    if (arena.data == NULL) {
        assert_int_equal(rg_arena_init(&arena, 1024 * 1024), RG_OK);
    }
    rg_arena_reset(&arena);
    assert_true(count <= RG_SUBMISSION_ENTRIES_MAX && bytes <= RG_ENTRY_MAX);
    for (size_t k = 0; k < count; k++) {
        struct rg_entry e = {.kind = RG_ENTRY_CASE,
                             .readers = 1,
                             .schema = RG_SCHEMA_CASE,
                             .sealed = {sealed, bytes}};
        tag++;
        memcpy(e.tag.b, &tag, sizeof tag);
        assert_int_equal(rg_ledger_codec_encode_entry(&arena, &e, &entries[k]), RG_OK);
    }
    const struct rg_core_submit s = {.token = 1000 + before,
                                     .entries = entries,
                                     .count = count,
                                     .private_bytes = {(const uint8_t *)"private", 7}};
    lab_do(l, i, rg_core_on_submit(x->core, &s, l->now));
    archive(l, i);
    return x->taken > before;
}

struct rg_core_status lab_status(const struct lab *l, uint16_t i)
{
    struct rg_core_status s;
    rg_core_get_status(l->node[i].core, &s);
    return s;
}

void lab_same_tip(const struct lab *l)
{
    bool have = false;
    struct rg_core_status first;
    memset(&first, 0, sizeof first);
    for (uint16_t i = 0; i < l->n; i++) {
        if (l->node[i].dead) {
            continue;
        }
        const struct rg_core_status s = lab_status(l, i);
        assert_null(l->node[i].halt);
        if (!have) {
            first = s;
            have = true;
        }
        assert_int_equal(s.height, first.height);
        assert_true(rg_hash_eq(&s.hash, &first.hash));
        assert_true(rg_hash_eq(&s.digest, &first.digest));
    }
}
