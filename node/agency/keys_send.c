#include "base/num.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "node/agency/keys_priv.h"
#include <inttypes.h>
#include <stdio.h>

static void send_message(struct rg_keys *k, uint16_t peer, const struct rg_peer_message *m)
{
    struct rg_bytes bytes = {0};
    if (rg_peer_codec_encode(&k->encode, &k->c.genesis->ledger_id, m, &bytes) == RG_OK) {
        k->c.send(k->c.send_ctx, peer, bytes);
    }
    rg_rand_wipe(k->encode.data, k->encode.used);
    rg_arena_reset(&k->encode);
}

void rg_keys__export(const struct rg_keys *k, const struct rg_vault_case *c,
                     struct rg_peer_case_key *out)
{
    rg_casebook_commitment(&k->c.genesis->ledger_id, c->opener, c->key, &out->commitment);
    memcpy(out->key, c->key, RG_KEY_BYTES);
    out->pseudonym = c->pseudonym;
    out->readers = c->readers;
    out->opener = c->opener;
}

void rg_keys__send(struct rg_keys *k, uint16_t peer, const struct rg_peer_case_key *keys,
                   uint32_t count)
{
    RG_ASSERT(count >= 1 && count <= RG_PEER_KEYS_MAX);
    struct rg_peer_case_key *copy = rg_arena_take_array(&k->encode, count, sizeof *copy);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, keys, count * sizeof *copy);
    const struct rg_peer_message m = {
        .kind = RG_PEER_KEYS, .number = ++k->number, .key_count = count, .keys = copy};
    send_message(k, peer, &m);
}

void rg_keys__send_list(struct rg_keys *k, uint16_t peer, enum rg_peer_kind kind,
                        const struct rg_hash *commitments, uint32_t count)
{
    struct rg_hash *copy = rg_arena_take_array(&k->encode, count, sizeof *copy);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, commitments, count * sizeof *copy);
    const struct rg_peer_message m = {
        .kind = kind, .number = ++k->number, .key_count = count, .commitments = copy};
    send_message(k, peer, &m);
}

/* Whether @peer must have the key of a pending case. */
static bool is_owed(const struct rg_keys *k, const struct rg_pending_case *c, uint16_t peer)
{
    return (c->c.readers >> rg_keys__agency(k, peer) & 1) != 0 && (c->acked >> peer & 1) == 0;
}

/* Send the keys of one submission's cases that @peer does not have. Returns how many. */
static uint32_t send_pending(struct rg_keys *k, uint16_t peer, const struct rg_pending_sub *s)
{
    struct rg_peer_case_key keys[64];
    uint32_t count = 0;
    uint32_t sum = 0;
    for (const struct rg_pending_case *c = s->cases; c != NULL; c = c->next) {
        if (!is_owed(k, c, peer)) {
            continue;
        }
        rg_keys__export(k, &c->c, &keys[count++]);
        sum++;
        if (count == 64) {
            rg_keys__send(k, peer, keys, count);
            count = 0;
        }
    }
    if (count > 0) {
        rg_keys__send(k, peer, keys, count);
    }
    rg_rand_wipe(keys, sizeof keys);
    return sum;
}

void rg_keys_deliver(struct rg_keys *k, const struct rg_pending_sub *s)
{
    for (uint16_t peer = 0; peer < k->node_count && s->cases != NULL; peer++) {
        if (peer != k->self) {
            (void)send_pending(k, peer, s);
        }
    }
}

void rg_keys__paid(struct rg_keys *k, uint16_t peer)
{
    struct rg_keys_peer *p = &k->peer[peer];
    p->outstanding -= p->outstanding > 0 ? 1 : 0;
    p->backoff_ms = RG_KEYS_RESEND_MS;
}

void rg_keys_on_peer_up(struct rg_keys *k, uint16_t peer, uint64_t mono_ms)
{
    if (peer >= k->node_count) {
        return;
    }
    struct rg_keys_peer *p = &k->peer[peer];
    p->sweeping = false;
    p->outstanding = 0;
    p->backoff_ms = RG_KEYS_RESEND_MS;
    p->started = false;
    p->next_ms = mono_ms;
    k->pull_next_ms = mono_ms;
    k->pull_backoff_ms = RG_KEYS_PULL_MS;
}

/* Send the next owed keys of a sweep while few are outstanding. */
static rg_err sweep(struct rg_keys *k, uint16_t peer)
{
    struct rg_keys_peer *p = &k->peer[peer];
    while (p->sweeping && p->outstanding + RG_PEER_KEYS_MAX / 4 <= RG_KEYS_OUTSTANDING_MAX) {
        struct rg_peer_case_key keys[RG_PEER_KEYS_MAX / 4];
        uint32_t count = 0;
        while (count < RG_PEER_KEYS_MAX / 4) {
            struct rg_vault_case *c = NULL;
            uint64_t case_no = 0;
            rg_err err = rg_vault_list_next_owed(k->c.vault, peer, p->cursor, &case_no);
            if (err == RG_ERR_NOT_FOUND || (err == RG_OK && case_no > p->mark)) {
                p->sweeping = false;
                break;
            }
            if (err == RG_OK) {
                err = rg_vault_case_load(k->c.vault, case_no, &c);
            }
            if (err != RG_OK) {
                return err;
            }
            rg_keys__export(k, c, &keys[count++]);
            p->cursor = case_no;
        }
        if (count > 0) {
            rg_keys__send(k, peer, keys, count);
            p->outstanding += count;
        }
        rg_rand_wipe(keys, sizeof keys);
    }
    return RG_OK;
}

static rg_err tick_peer(struct rg_keys *k, uint16_t peer, uint64_t now)
{
    struct rg_keys_peer *p = &k->peer[peer];
    if (p->sweeping && now < p->until_ms) {
        return sweep(k, peer);
    }
    if (now < p->next_ms) {
        return RG_OK;
    }
    /* Only what was owed already when the last sweep began: fresh keys are on their way anyway. */
    p->mark = p->started ? p->next_mark : UINT64_MAX - 1;
    p->next_mark = rg_vault_get_meta(k->c.vault)->next_case - 1;
    p->started = true;
    p->backoff_ms = rg_num_max(p->backoff_ms, RG_KEYS_RESEND_MS);
    p->next_ms = now + p->backoff_ms;
    p->until_ms = p->next_ms;
    p->outstanding = 0;
    p->cursor = 0;
    p->sweeping = true;
    uint32_t sent = 0;
    for (const struct rg_pending_sub *s = rg_pending_first(k->c.pending); s != NULL; s = s->next) {
        if (s->cases != NULL && s->cases->c.case_no <= p->mark) {
            sent += send_pending(k, peer, s);
        }
    }
    const rg_err err = sweep(k, peer);
    if (sent + p->outstanding > 0) {
        p->backoff_ms = rg_num_min(p->backoff_ms * 2, RG_KEYS_RESEND_MAX_MS);
    }
    return err;
}

/* Send the list to the opener's node in even rounds; in odd ones to the nodes of all other readers,
 * for only they may be connected (what goes to one that is not is dropped), and only some may have
 * the keys. */
static void ask(struct rg_keys *k, const struct rg_vault_missing *m, const struct rg_hash *list,
                uint32_t count)
{
    const uint16_t opener = m->opener != k->agency ? k->place_of[m->opener] : UINT16_MAX;
    bool asked = false;
    for (uint32_t a = 0; a < k->c.genesis->agency_count && k->pull_round % 2 == 1; a++) {
        const uint16_t peer = k->place_of[a];
        if (a != k->agency && a != m->opener && (m->readers >> a & 1) != 0 && peer != UINT16_MAX) {
            rg_keys__send_list(k, peer, RG_PEER_KEY_PULL, list, count);
            asked = true;
        }
    }
    if (!asked && opener != UINT16_MAX) {
        rg_keys__send_list(k, opener, RG_PEER_KEY_PULL, list, count);
    }
}

/* Ask for a bounded part of the missing keys; the next round goes on behind it. */
static rg_err pull(struct rg_keys *k)
{
    struct rg_hash list[RG_PEER_KEYS_MAX];
    struct rg_vault_missing first = {.opener = 0};
    uint32_t count = 0;
    rg_err err = RG_OK;
    while (count < RG_PEER_KEYS_MAX) {
        struct rg_vault_missing m;
        err = rg_vault_list_next_missing(k->c.vault, k->pull_started ? &k->pull_after : NULL, &m);
        if (err != RG_OK) {
            break;
        }
        if (count == 0) {
            first = m;
        } else if (m.opener != first.opener || m.readers != first.readers) {
            break; /* the next message goes to other nodes */
        }
        k->pull_started = true;
        k->pull_after = m.commitment;
        list[count++] = m.commitment;
    }
    if (count > 0) {
        ask(k, &first, list, count);
    }
    if (err != RG_OK) {
        k->pull_started = false;
        k->pull_round++;
    }
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

/* Keys were asked for in vain, for about a minute. */
static rg_err alarm_missing(struct rg_keys *k)
{
    struct rg_vault_missing m;
    char text[256];
    const rg_err err = rg_vault_list_next_missing(k->c.vault, NULL, &m);
    if (err != RG_OK) {
        return err == RG_ERR_NOT_FOUND ? RG_OK : err;
    }
    (void)snprintf(text, sizeof text,
                   "%" PRIu64
                   " case keys are missing and no reader's node has answered for a minute; "
                   "%" PRIu64 " entries wait. Look at the connection to agency %s.",
                   rg_vault_list_missing_count(k->c.vault), rg_vault_list_parked_count(k->c.vault),
                   k->c.genesis->agency[m.opener].name);
    k->c.alarm(k->c.alarm_ctx, "keys-missing", (struct rg_bytes){m.commitment.b, RG_HASH_BYTES},
               text);
    return RG_OK;
}

static rg_err tick_pull(struct rg_keys *k, uint64_t now)
{
    if (rg_vault_list_missing_count(k->c.vault) == 0) {
        k->pull_backoff_ms = RG_KEYS_PULL_MS;
        k->pull_next_ms = now + RG_KEYS_PULL_MS;
        k->pull_started = false;
        k->pull_round = 0;
        return RG_OK;
    }
    if (now < k->pull_next_ms) {
        return RG_OK;
    }
    const uint32_t round = k->pull_round;
    rg_err err = RG_OK;
    for (int i = 0; i < 8 && err == RG_OK && k->pull_round == round; i++) {
        err = pull(k);
    }
    if (err == RG_OK && round < RG_KEYS_ALARM_ROUNDS && k->pull_round >= RG_KEYS_ALARM_ROUNDS) {
        err = alarm_missing(k);
    }
    if (k->pull_round != round && k->pull_round >= RG_KEYS_QUICK_ROUNDS) {
        k->pull_backoff_ms = rg_num_min(k->pull_backoff_ms * 2, RG_KEYS_PULL_MAX_MS);
    }
    k->pull_next_ms = now + (k->pull_round != round ? k->pull_backoff_ms : 200);
    return err;
}

rg_err rg_keys_tick(struct rg_keys *k, uint64_t mono_ms)
{
    for (uint16_t peer = 0; peer < k->node_count; peer++) {
        if (peer == k->self) {
            continue;
        }
        const rg_err err = tick_peer(k, peer, mono_ms);
        if (err != RG_OK) {
            return err;
        }
    }
    return tick_pull(k, mono_ms);
}
