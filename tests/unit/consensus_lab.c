/* The laboratory: messages, actions and time. */
#include "consensus_lab.h"
#include "crypto/hash.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define LAB_STATUS RG_ACTION_NONE

void lab_free_message(struct lab_message *m)
{
    for (size_t i = 0; i < m->cert_count; i++) {
        free(m->certs[i]);
    }
    free(m);
}

static void add_cert(struct lab_message *m, const struct rg_cert *cert)
{
    uint8_t buffer[RG_CERT_MAX];
    size_t len = 0;
    assert_int_equal(rg_cert_encode(cert, buffer, sizeof buffer, &len), RG_OK);
    assert_int_equal(len, rg_cert_size(cert));
    m->certs[m->cert_count] = malloc(len);
    memcpy(m->certs[m->cert_count], buffer, len);
    m->cert_len[m->cert_count++] = len;
}

static struct lab_message *post(struct lab *l, size_t from, size_t to, enum rg_action_kind kind,
                                const struct rg_vote *vote)
{
    if (l->filter != NULL && l->filter(from, to, kind, vote)) {
        return NULL;
    }
    struct lab_message *m = calloc(1, sizeof *m);
    m->kind = kind;
    m->from = from;
    m->to = to;
    m->at_ms = l->now_ms + l->latency_ms;
    struct lab_message **at = &l->first;
    while (*at != NULL && (*at)->at_ms <= m->at_ms) {
        at = &(*at)->next;
    }
    m->next = *at;
    *at = m;
    return m;
}

/* One message to one node. */
static void deliver(struct lab *l, struct lab_message *m)
{
    struct rg_cons_event ev = {.peer = (uint32_t)m->from};
    struct rg_cert certs[1 + RG_JUSTIFY_NULLS_MAX];
    for (size_t i = 0; i < m->cert_count; i++) {
        assert_int_equal(rg_cert_decode((struct rg_bytes){m->certs[i], m->cert_len[i]}, &certs[i]),
                         RG_OK);
        assert_true(rg_cert_check(&certs[i], &l->ledger, &l->members, 0, lab_verify));
    }
    struct lab_node *to = &l->nodes[m->to];
    if (m->has_block) {
        const size_t at = lab_block_index(l, &m->block.hash);
        to->body[at] = to->body[at] == 0 ? 1 : to->body[at];
    }
    switch ((int)m->kind) {
    case RG_ACTION_BCAST_PROPOSE:
    case RG_ACTION_SEND_PROPOSE:
        ev.kind = RG_EVENT_PROPOSAL;
        ev.proposal.cand = m->cand;
        ev.proposal.sig = m->sig;
        ev.proposal.same = m->same;
        ev.proposal.block = m->has_block ? &m->block : NULL;
        ev.proposal.justify = certs;
        ev.proposal.justify_count = m->cert_count;
        break;
    case RG_ACTION_BCAST_VOTE:
    case RG_ACTION_SEND_VOTE:
        assert_true(rg_vote_check(&m->vote, &l->ledger, &l->members, lab_verify));
        if (!rg_cons_wants_vote(to->cons, &m->vote)) {
            return;
        }
        ev.kind = RG_EVENT_VOTE;
        ev.vote = &m->vote;
        break;
    case RG_ACTION_BCAST_CERT:
    case RG_ACTION_SEND_CERT:
        if (!rg_cons_wants_cert(to->cons, &certs[0])) {
            return;
        }
        ev.kind = RG_EVENT_CERT;
        ev.cert = &certs[0];
        break;
    case RG_ACTION_BCAST_WAKE:
        ev.kind = RG_EVENT_WAKE;
        ev.wake.view = m->from_view;
        break;
    case RG_ACTION_SEND_GETCERTS:
        ev.kind = RG_EVENT_GETCERTS;
        ev.range.from = m->from_view;
        ev.range.to = m->to_view;
        break;
    case RG_ACTION_FETCH:
        ev.kind = RG_EVENT_BLOCK;
        ev.block = &m->block;
        break;
    case LAB_STATUS:
        ev.kind = RG_EVENT_STATUS;
        ev.status = m->status;
        break;
    default:
        fail();
    }
    lab_give(l, m->to, &ev);
}

static void post_all(struct lab *l, size_t from, const struct rg_action *a)
{
    for (size_t to = 0; to < l->n; to++) {
        if (to == from || (a->peer != RG_PEER_ALL && a->peer != to)) {
            continue;
        }
        const bool is_vote = a->kind == RG_ACTION_BCAST_VOTE || a->kind == RG_ACTION_SEND_VOTE;
        struct lab_message *m = post(l, from, to, a->kind, is_vote ? &a->vote : NULL);
        if (m == NULL) {
            continue;
        }
        switch ((int)a->kind) {
        case RG_ACTION_BCAST_PROPOSE:
        case RG_ACTION_SEND_PROPOSE:
            m->cand = a->propose.cand;
            m->sig = a->propose.sig;
            m->same = a->propose.same;
            if (!m->same) {
                m->block = l->blocks[lab_block_index(l, &m->cand.hash)];
                m->has_block = true;
            }
            for (size_t i = 0; i < a->propose.justify_count; i++) {
                add_cert(m, a->propose.justify[i]);
            }
            break;
        case RG_ACTION_BCAST_VOTE:
        case RG_ACTION_SEND_VOTE:
            m->vote = a->vote;
            break;
        case RG_ACTION_BCAST_CERT:
        case RG_ACTION_SEND_CERT:
            add_cert(m, a->cert);
            break;
        case RG_ACTION_BCAST_WAKE:
            m->from_view = a->wake_view;
            break;
        case RG_ACTION_SEND_GETCERTS:
            m->from_view = a->range.from;
            m->to_view = a->range.to;
            break;
        default:
            fail();
        }
    }
}

static void persist(struct lab_node *node, const struct rg_action *a, struct lab *l)
{
    assert_true(node->journal_count < LAB_JOURNAL_MAX);
    struct lab_record *r = &node->journal[node->journal_count++];
    memset(r, 0, offsetof(struct lab_record, cert));
    r->kind = a->kind;
    if (a->kind == RG_ACTION_PERSIST_VOTE) {
        r->vote = a->vote;
    } else if (a->kind == RG_ACTION_PERSIST_CERT) {
        assert_int_equal(rg_cert_encode(a->cert, r->cert, sizeof r->cert, &r->cert_len), RG_OK);
    } else {
        r->block = a->block;
        const size_t at = lab_block_index(l, &a->block.hash);
        assert_true(node->body[at] > 0);
        node->body[at] = 2;
    }
}

/* Bulk sync: all that @j has committed, in one go. */
static void adopt(struct lab *l, size_t i, size_t j)
{
    struct lab_node *node = &l->nodes[i];
    const struct lab_node *from = &l->nodes[j];
    const struct rg_block_info tip = *rg_cons_tip(from->cons);
    const struct rg_cert *final = rg_cons_tip_final(from->cons);
    if (final == NULL || tip.height <= node->height) {
        return;
    }
    for (uint64_t h = node->height + 1; h <= tip.height; h++) {
        node->chain[h] = from->chain[h];
        node->body[lab_block_index(l, &node->chain[h])] = 2;
    }
    node->height = tip.height;
    struct rg_cons_event ev = {.kind = RG_EVENT_ADOPT, .peer = (uint32_t)j};
    ev.adopt.cert = final;
    ev.adopt.tip = &tip;
    lab_give(l, i, &ev);
}

static void fetch(struct lab *l, size_t i, const struct rg_action *a)
{
    const size_t at = lab_block_index(l, &a->fetch.hash);
    l->nodes[i].fetches++;
    for (size_t j = 0; at != SIZE_MAX && j < l->n; j++) {
        if (j != i && l->nodes[j].alive && l->nodes[j].body[at] > 0 && !l->cut[j][i]) {
            struct lab_message *m = post(l, j, i, RG_ACTION_FETCH, NULL);
            if (m == NULL) {
                return;
            }
            m->at_ms += l->latency_ms;
            m->block = l->blocks[at];
            m->has_block = true;
            return;
        }
    }
}

static void build(struct lab *l, size_t i, const struct rg_action *a)
{
    struct lab_node *node = &l->nodes[i];
    struct rg_block_info b;
    struct rg_cons_event ev = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    ev.built.view = a->build.view;
    ev.built.result = RG_BUILT_EMPTY;
    const bool fresh = node->works_forever || a->build.parent.height == node->height;
    if (node->cannot_build) {
        ev.built.result = RG_BUILT_FAILED;
    } else if ((node->work && fresh) || a->build.allow_empty) {
        b = lab_block(l, &a->build.parent, a->build.view, 0);
        if (a->build.view == l->epoch_last_view) {
            b.epoch_last = true;
            l->blocks[lab_block_index(l, &b.hash)].epoch_last = true;
        }
        node->body[lab_block_index(l, &b.hash)] = 1;
        ev.built.result = RG_BUILT_BLOCK;
        ev.built.block = &b;
    }
    lab_give(l, i, &ev);
}

static void commit(struct lab *l, size_t i, const struct rg_action *a)
{
    struct lab_node *node = &l->nodes[i];
    const uint64_t height = a->commit.block.height;
    assert_true(rg_cert_check(a->commit.final, &l->ledger, &l->members, 0, lab_verify));
    assert_true(height <= node->height + 1);
    assert_int_equal(node->body[lab_block_index(l, &a->commit.block.hash)], 2);
    if (height > node->height) {
        node->height = height;
        node->chain[height] = a->commit.block.hash;
    }
    assert_true(rg_hash_eq(&node->chain[height], &a->commit.block.hash));
    if (height % 8 == 0 && rg_hash_eq(&a->commit.final->cand.hash, &a->commit.block.hash)) {
        node->tip = a->commit.block;
        assert_int_equal(rg_cert_encode(a->commit.final, node->tip_cert, sizeof node->tip_cert,
                                        &node->tip_cert_len),
                         RG_OK);
    }
    lab_trace(l, i, "COMMIT height %" PRIu64 " of view %" PRIu64, height, a->commit.block.view);
    if (!node->works_forever && node->work) {
        node->work = false;
        lab_work(l, i, false);
    }
}

static const char *vote_name(enum rg_vote_kind kind)
{
    static const char *const names[] = {"?", "NOTARIZE", "NULLIFY", "FINALIZE"};
    return names[kind];
}

static void leave(struct lab *l, size_t i, const struct rg_action *a)
{
    struct lab_node *node = &l->nodes[i];
    switch ((int)a->kind) {
    case RG_ACTION_BCAST_PROPOSE:
        node->votes_sent++;
        lab_trace(l, i, "PROPOSE %s %" PRIu64 " on %" PRIu64 " with %zu certificates",
                  a->propose.same ? "SAME" : "NEW", a->propose.cand.view, a->propose.cand.pview,
                  a->propose.justify_count);
        break;
    case RG_ACTION_BCAST_VOTE:
        node->votes_sent++;
        lab_trace(l, i, "%s %" PRIu64, vote_name(a->vote.kind), a->vote.cand.view);
        break;
    case RG_ACTION_SEND_VOTE:
        lab_trace(l, i, "%s %" PRIu64 " again to %c", vote_name(a->vote.kind), a->vote.cand.view,
                  (int)('A' + a->peer));
        break;
    case RG_ACTION_SEND_GETCERTS:
        node->getcerts++;
        lab_trace(l, i, "asks for certificates %" PRIu64 "-%" PRIu64, a->range.from, a->range.to);
        break;
    case RG_ACTION_BCAST_WAKE:
        lab_trace(l, i, "WAKE %" PRIu64, a->wake_view);
        break;
    case RG_ACTION_COMMIT:
        commit(l, i, a);
        return;
    case RG_ACTION_EVIDENCE:
        assert_true(rg_vote_conflicts(&a->evidence.first, &a->evidence.second));
        node->evidence_count++;
        lab_trace(l, i, "EVIDENCE against %c in %" PRIu64, (int)('A' + a->evidence.first.signer),
                  a->evidence.first.cand.view);
        return;
    case RG_ACTION_ALARM:
        node->alarm = a->alarm.id;
        assert_true(strlen(rg_cons_alarm_text(a->alarm.id)) > 10);
        lab_trace(l, i, "ALARM %d%s", (int)a->alarm.id, a->alarm.halt ? " halt" : "");
        return;
    default:
        break;
    }
    post_all(l, i, a);
}

static void carry_out(struct lab *l, size_t i, const struct rg_action *list, size_t count)
{
    struct lab_node *node = &l->nodes[i];
    const bool dies = node->dies_at_barrier;
    for (size_t at = 0; at < count && node->alive; at++) {
        const struct rg_action *a = &list[at];
        switch ((int)a->kind) {
        case RG_ACTION_PERSIST_VOTE:
        case RG_ACTION_PERSIST_CERT:
        case RG_ACTION_PERSIST_BLOCK:
            persist(node, a, l);
            break;
        case RG_ACTION_BARRIER:
            if (dies) {
                lab_trace(l, i, "dies with its votes on disk, unsent");
                lab_kill(l, i);
            }
            break;
        case RG_ACTION_BUILD:
            break; /* after the list: its pointers must be used first */
        case RG_ACTION_VERIFY:
            break;
        case RG_ACTION_FETCH:
            fetch(l, i, a);
            break;
        case RG_ACTION_DEADLINE:
            node->deadline_ms = a->deadline_ms;
            break;
        default:
            leave(l, i, a);
        }
    }
}

void lab_give(struct lab *l, size_t i, struct rg_cons_event *ev)
{
    struct lab_node *node = &l->nodes[i];
    if (!node->alive) {
        return;
    }
    ev->now_ms = l->now_ms;
    const uint64_t before = rg_cons_view(node->cons);
    struct rg_actions *out = malloc(sizeof *out);
    rg_cons_step(node->cons, ev, out);
    const uint64_t after = rg_cons_view(node->cons);
    if (after != before) {
        const bool null = rg_cons_cert(node->cons, RG_VOTE_NULLIFY, after - 1) != NULL;
        lab_trace(l, i, "enters %" PRIu64 "%s", after, null ? " past a nullified view" : "");
    }
    carry_out(l, i, out->list, out->count);
    for (size_t at = 0; at < out->count && node->alive; at++) {
        const struct rg_action *a = &out->list[at];
        if (a->kind == RG_ACTION_FETCH && a->fetch.is_final && l->bulk_from < l->n &&
            !l->cut[l->bulk_from][i] && l->bulk_from != i) {
            adopt(l, i, l->bulk_from);
        } else if (a->kind == RG_ACTION_BUILD) {
            build(l, i, a);
        } else if (a->kind == RG_ACTION_VERIFY && !node->mute_verdict) {
            struct rg_cons_event verdict = {.kind = RG_EVENT_VERDICT, .peer = RG_PEER_NONE};
            verdict.verdict.hash = a->block.hash;
            verdict.verdict.valid = !node->refuses;
            lab_give(l, i, &verdict);
        }
    }
    free(out);
}

static void send_status(struct lab *l)
{
    for (size_t i = 0; i < l->n; i++) {
        for (size_t j = 0; j < l->n; j++) {
            if (i != j && l->nodes[i].alive) {
                struct lab_message *m = post(l, i, j, LAB_STATUS, NULL);
                if (m == NULL) {
                    continue;
                }
                m->status.cur = rg_cons_view(l->nodes[i].cons);
                m->status.lf = rg_cons_final_view(l->nodes[i].cons);
            }
        }
    }
}

void lab_run(struct lab *l, uint64_t ms)
{
    const uint64_t end = l->now_ms + ms;
    for (; l->now_ms < end; l->now_ms++) {
        while (l->first != NULL && l->first->at_ms <= l->now_ms) {
            struct lab_message *m = l->first;
            l->first = m->next;
            if (l->nodes[m->to].alive && !l->cut[m->from][m->to]) {
                deliver(l, m);
            }
            lab_free_message(m);
        }
        if (l->status_ms > 0 && l->now_ms % l->status_ms == 0) {
            send_status(l);
        }
        for (size_t i = 0; i < l->n; i++) {
            if (l->nodes[i].alive && l->nodes[i].deadline_ms <= l->now_ms) {
                struct rg_cons_event ev = {.kind = RG_EVENT_TICK, .peer = RG_PEER_NONE};
                l->nodes[i].deadline_ms = UINT64_MAX;
                lab_give(l, i, &ev);
                l->nodes[i].deadline_ms = rg_cons_deadline(l->nodes[i].cons);
            }
        }
    }
}
