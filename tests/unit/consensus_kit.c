/* The laboratory: keys, votes, life and death of nodes, the trace. */
#include "consensus_lab.h"
#include "crypto/hash.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

void lab_sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out)
{
    const uint8_t id = (uint8_t)(uintptr_t)ctx;
    memset(out, id, sizeof *out);
    memcpy(out->b, digest->b, RG_HASH_BYTES);
}

bool lab_verify(const struct rg_pubkey *key, const struct rg_hash *digest, const struct rg_sig *sig)
{
    struct rg_sig good;
    lab_sign((void *)(uintptr_t)key->b[0], digest, &good);
    return memcmp(good.b, sig->b, RG_SIG_BYTES) == 0;
}

void lab_members(size_t n, struct rg_members *out, struct rg_hash *out_ledger)
{
    struct rg_pubkey keys[RG_AUTHORITIES_MAX] = {0};
    for (size_t i = 0; i < n; i++) {
        keys[i].b[0] = (uint8_t)(i + 1);
    }
    memset(out_ledger, 7, sizeof *out_ledger);
    assert_int_equal(rg_members_init(out, keys, n, out_ledger), RG_OK);
}

struct rg_vote lab_vote(const struct rg_members *m, const struct rg_hash *ledger,
                        enum rg_vote_kind kind, struct rg_cand cand, uint16_t signer)
{
    struct rg_vote v = {.kind = kind, .signer = signer, .epoch = 0, .cand = cand};
    struct rg_hash digest;
    rg_vote_digest(ledger, m, 0, kind, &cand, &digest);
    lab_sign((void *)(uintptr_t)m->keys[signer].b[0], &digest, &v.sig);
    return v;
}

struct rg_cert lab_cert(const struct rg_members *m, const struct rg_hash *ledger,
                        enum rg_vote_kind kind, struct rg_cand cand, uint16_t count,
                        struct rg_sig *sigs)
{
    struct rg_cert c = {.kind = kind, .n = m->n, .count = count, .cand = cand, .sigs = sigs};
    for (uint16_t i = 0; i < count; i++) {
        sigs[i] = lab_vote(m, ledger, kind, cand, i).sig;
        c.signers |= UINT64_C(1) << i;
    }
    return c;
}

/* Trace: what several do in the same millisecond becomes one line "t=5    BCD NOTARIZE 1". */
void lab_trace(struct lab *l, size_t i, const char *format, ...)
{
    if (!l->tracing) {
        return;
    }
    char what[160];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char time[24];
    snprintf(time, sizeof time, "t=%-5" PRIu64, l->now_ms - LAB_START_MS);
    char *line = l->trace;
    while (*line != '\0') {
        char *end = strchr(line, '\n');
        char *who = line + strlen(time) + 1;
        char *space = strchr(who, ' ');
        if (strncmp(line, time, strlen(time)) == 0 && space != NULL &&
            (size_t)(end - space - 1) == strlen(what) &&
            strncmp(space + 1, what, strlen(what)) == 0) {
            while (space > who && space[-1] > (char)('A' + i)) {
                space--;
            }
            memmove(space + 1, space, l->trace_len - (size_t)(space - l->trace) + 1);
            *space = (char)('A' + i);
            l->trace_len++;
            return;
        }
        line = end + 1;
    }
    l->trace_len += (size_t)snprintf(l->trace + l->trace_len, LAB_TRACE_MAX - l->trace_len,
                                     "%s %c %s\n", time, (int)('A' + i), what);
    assert_true(l->trace_len + 64 < LAB_TRACE_MAX);
}

void lab_expect(struct lab *l, const char *expected)
{
    assert_string_equal(l->trace, expected);
    l->trace[0] = '\0';
    l->trace_len = 0;
}

size_t lab_block_index(const struct lab *l, const struct rg_hash *hash)
{
    for (size_t i = 0; i < l->block_count; i++) {
        if (rg_hash_eq(&l->blocks[i].hash, hash)) {
            return i;
        }
    }
    return SIZE_MAX;
}

struct rg_block_info lab_block(struct lab *l, const struct rg_block_info *parent, uint64_t view,
                               uint8_t salt)
{
    struct rg_block_info b = {.parent = parent->hash,
                              .height = parent->height + 1,
                              .view = view,
                              .time_ms = parent->time_ms + 1,
                              .has_entries = true};
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_HEADER, &l->ledger);
    rg_hash_add_u64(&h, view);
    rg_hash_add_u64(&h, salt);
    rg_hash_add(&h, (struct rg_bytes){parent->hash.b, RG_HASH_BYTES});
    rg_hash_end(&h, &b.hash);
    if (lab_block_index(l, &b.hash) == SIZE_MAX) {
        assert_true(l->block_count < LAB_BLOCKS_MAX);
        l->blocks[l->block_count++] = b;
    }
    return b;
}

uint64_t lab_check(const struct lab *l)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < l->n; i++) {
        for (size_t j = 0; j < i; j++) {
            const uint64_t common =
                l->nodes[i].height < l->nodes[j].height ? l->nodes[i].height : l->nodes[j].height;
            for (uint64_t h = 1; h <= common; h++) {
                assert_true(rg_hash_eq(&l->nodes[i].chain[h], &l->nodes[j].chain[h]));
            }
        }
        if (l->nodes[i].alive && l->nodes[i].height < least) {
            least = l->nodes[i].height;
        }
    }
    return least;
}

static void init_node(struct lab *l, size_t i)
{
    struct lab_node *node = &l->nodes[i];
    const struct rg_cons_setup setup = {
        .params = l->params,
        .members = &l->members,
        .me = (uint16_t)i,
        .ledger = l->ledger,
        .root = l->root,
        .sign = lab_sign,
        .sign_ctx = (void *)(uintptr_t)l->members.keys[i].b[0],
    };
    node->cons = rg_cons_init(node->memory, rg_cons_size(l->n, &l->params), &setup);
    node->deadline_ms = UINT64_MAX;
    node->alive = true;
}

struct lab *lab_new(size_t n)
{
    struct lab *l = calloc(1, sizeof *l);
    l->n = n;
    l->bulk_from = SIZE_MAX;
    l->params = rg_cons_params_default();
    l->params.ring = 256;
    lab_members(n, &l->members, &l->ledger);
    memset(l->root.hash.b, 9, RG_HASH_BYTES);
    l->now_ms = LAB_START_MS;
    l->latency_ms = 1;
    for (size_t i = 0; i < n; i++) {
        l->nodes[i].memory = malloc(rg_cons_size(n, &l->params));
        l->nodes[i].journal = malloc(LAB_JOURNAL_MAX * sizeof *l->nodes[i].journal);
        init_node(l, i);
    }
    return l;
}

void lab_free(struct lab *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->nodes[i].memory);
        free(l->nodes[i].journal);
    }
    while (l->first != NULL) {
        struct lab_message *next = l->first->next;
        lab_free_message(l->first);
        l->first = next;
    }
    free(l);
}

void lab_start(struct lab *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct rg_cons_event ev = {.kind = RG_EVENT_START, .peer = RG_PEER_NONE};
        lab_give(l, i, &ev);
    }
}

void lab_kill(struct lab *l, size_t i)
{
    l->nodes[i].alive = false;
    for (size_t b = 0; b < LAB_BLOCKS_MAX; b++) {
        l->nodes[i].body[b] = l->nodes[i].body[b] == 2 ? 2 : 0;
    }
}

void lab_revive(struct lab *l, size_t i)
{
    struct lab_node *node = &l->nodes[i];
    node->dies_at_barrier = false;
    init_node(l, i);
    if (node->tip_cert_len > 0) {
        struct rg_cert final;
        assert_int_equal(
            rg_cert_decode((struct rg_bytes){node->tip_cert, node->tip_cert_len}, &final), RG_OK);
        rg_cons_recover_final(node->cons, &final, &node->tip);
    }
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t at = 0; at < node->journal_count; at++) {
            struct lab_record *r = &node->journal[at];
            struct rg_cert cert;
            if (pass == 0 && r->kind == RG_ACTION_PERSIST_VOTE) {
                rg_cons_recover_vote(node->cons, &r->vote);
            } else if (pass == 1 && r->kind == RG_ACTION_PERSIST_BLOCK) {
                rg_cons_recover_block(node->cons, &r->block);
            } else if (pass == 1 && r->kind == RG_ACTION_PERSIST_CERT) {
                assert_int_equal(rg_cert_decode((struct rg_bytes){r->cert, r->cert_len}, &cert),
                                 RG_OK);
                rg_cons_recover_cert(node->cons, &cert);
            }
        }
    }
    struct rg_cons_event ev = {.kind = RG_EVENT_START, .peer = RG_PEER_NONE};
    lab_give(l, i, &ev);
    lab_work(l, i, node->work);
}

void lab_isolate(struct lab *l, size_t i, bool cut)
{
    for (size_t j = 0; j < l->n; j++) {
        l->cut[i][j] = cut;
        l->cut[j][i] = cut;
    }
}

void lab_work(struct lab *l, size_t i, bool work)
{
    l->nodes[i].work = work;
    struct rg_cons_event ev = {.kind = RG_EVENT_WORK, .peer = RG_PEER_NONE};
    ev.work.has_work = work;
    lab_give(l, i, &ev);
}

void lab_work_all(struct lab *l, bool work)
{
    for (size_t i = 0; i < l->n; i++) {
        lab_work(l, i, work);
    }
}
