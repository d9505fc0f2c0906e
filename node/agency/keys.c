#include "node/agency/keys.h"
#include "base/failpoint.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "node/agency/keys_priv.h"
#include <stdlib.h>

void rg_keys_places(const struct rg_genesis *genesis, uint16_t out[static RG_AGENCIES_MAX])
{
    for (uint32_t a = 0; a < RG_AGENCIES_MAX; a++) {
        out[a] = UINT16_MAX;
    }
    const uint32_t nodes = rg_genesis_node_count(genesis);
    for (uint32_t i = 0; i < nodes; i++) {
        out[genesis->principal[rg_genesis_node_at(genesis, i)].agency] = (uint16_t)i;
    }
}

rg_err rg_keys_new(const struct rg_keys_config *c, struct rg_keys **out)
{
    struct rg_keys *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return RG_ERR_NOMEM;
    }
    k->c = *c;
    k->agency = c->genesis->principal[c->principal].agency;
    k->node_count = (uint16_t)rg_genesis_node_count(c->genesis);
    rg_keys_places(c->genesis, k->place_of);
    k->self = k->place_of[k->agency];
    k->pull_backoff_ms = RG_KEYS_PULL_MS;
    k->incoming = calloc(RG_KEYS_INCOMING_MAX, sizeof *k->incoming);
    k->paid = calloc(RG_KEYS_INCOMING_MAX, sizeof *k->paid);
    rg_err err = k->incoming != NULL && k->paid != NULL ? RG_OK : RG_ERR_NOMEM;
    if (err == RG_OK) {
        err = rg_arena_init(&k->decode, RG_KEYS_ARENA);
    }
    if (err == RG_OK) {
        err = rg_arena_init(&k->encode, RG_KEYS_ARENA);
    }
    if (err != RG_OK) {
        rg_keys_destroy(&k);
        return err;
    }
    *out = k;
    return RG_OK;
}

/* Secrets lay in the arena: leave none. */
static void clear(struct rg_arena *a)
{
    if (a->data != NULL) {
        rg_rand_wipe(a->data, a->used);
    }
    rg_arena_reset(a);
}

void rg_keys_destroy(struct rg_keys **k_p)
{
    struct rg_keys *k = k_p != NULL ? *k_p : NULL;
    if (k == NULL) {
        return;
    }
    clear(&k->decode);
    clear(&k->encode);
    rg_arena_fini(&k->decode);
    rg_arena_fini(&k->encode);
    if (k->incoming != NULL) {
        rg_rand_wipe(k->incoming, RG_KEYS_INCOMING_MAX * sizeof *k->incoming);
    }
    free(k->incoming);
    free(k->paid);
    free(k);
    *k_p = NULL;
}

uint32_t rg_keys__agency(const struct rg_keys *k, uint16_t peer)
{
    return k->c.genesis->principal[rg_genesis_node_at(k->c.genesis, peer)].agency;
}

uint64_t rg_keys_unacknowledged(const struct rg_keys *k)
{
    uint64_t sum = rg_vault_list_owed_count(k->c.vault);
    for (const struct rg_pending_sub *s = rg_pending_first(k->c.pending); s != NULL; s = s->next) {
        for (const struct rg_pending_case *c = s->cases; c != NULL; c = c->next) {
            for (uint32_t a = 0; a < k->c.genesis->agency_count; a++) {
                const uint16_t peer = k->place_of[a];
                if (a != k->agency && peer != UINT16_MAX && (c->c.readers >> a & 1) != 0 &&
                    (c->acked >> peer & 1) == 0) {
                    sum++;
                }
            }
        }
    }
    return sum;
}

uint64_t rg_keys_refused(const struct rg_keys *k)
{
    return k->refused;
}

/* Whether a key that came from @peer may be kept at all; the ledger's own word comes later. */
static bool is_plausible(const struct rg_keys *k, uint16_t peer, const struct rg_peer_case_key *key)
{
    struct rg_hash commitment;
    const uint32_t from = rg_keys__agency(k, peer);
    const struct rg_genesis *g = k->c.genesis;
    if (key->opener >= g->agency_count || (key->readers >> key->opener & 1) == 0 ||
        (key->readers >> from & 1) == 0 || (key->readers >> k->agency & 1) == 0 ||
        (g->agency_count < 64 && key->readers >> g->agency_count != 0)) {
        return false;
    }
    rg_casebook_commitment(&g->ledger_id, key->opener, key->key, &commitment);
    return rg_hash_eq(&commitment, &key->commitment);
}

static void take_keys(struct rg_keys *k, uint16_t peer, const struct rg_peer_message *m)
{
    const uint64_t opened = rg_follow_opened(k->c.follow, rg_keys__agency(k, peer));
    for (uint32_t i = 0; i < m->key_count; i++) {
        if (!is_plausible(k, peer, &m->keys[i])) {
            k->refused++;
            k->c.alarm(k->c.alarm_ctx, "bad-case-key", (struct rg_bytes){(const uint8_t *)&peer, 2},
                       "A peer sent a case key that does not fit its commitment or readers; it was "
                       "not kept. Ask that agency to look into its node.");
            continue;
        }
        if (k->incoming_count == RG_KEYS_INCOMING_MAX ||
            k->peer[peer].unseen > opened + RG_KEYS_UNSEEN_MAX) {
            k->refused++; /* it comes again */
            return;
        }
        k->incoming[k->incoming_count++] =
            (struct rg_keys_incoming){.peer = peer, .key = m->keys[i]};
    }
}

static rg_err take_acks(struct rg_keys *k, uint16_t peer, const struct rg_peer_message *m)
{
    for (uint32_t i = 0; i < m->key_count; i++) {
        uint64_t case_no = 0;
        const rg_err err = rg_pending_find_commitment(k->c.pending, &m->commitments[i], &case_no);
        if (err == RG_ERR_NOT_FOUND) {
            k->refused++;
            continue;
        }
        if (err != RG_OK) {
            return err;
        }
        struct rg_pending_case *fresh = rg_pending_fresh(k->c.pending, case_no);
        if (fresh != NULL) {
            fresh->acked |= UINT64_C(1) << peer;
        } else if (k->paid_count < RG_KEYS_INCOMING_MAX) {
            k->paid[k->paid_count++] = (struct rg_keys_paid){peer, case_no};
        }
        rg_keys__paid(k, peer);
    }
    return RG_OK;
}

static rg_err answer_pull(struct rg_keys *k, uint16_t peer, const struct rg_peer_message *m)
{
    const uint32_t asker = rg_keys__agency(k, peer);
    struct rg_peer_case_key *keys = calloc(RG_PEER_KEYS_MAX, sizeof *keys);
    uint32_t count = 0;
    rg_err err = keys != NULL ? RG_OK : RG_ERR_NOMEM;
    for (uint32_t i = 0; i < m->key_count && i < RG_PEER_KEYS_MAX && err == RG_OK; i++) {
        uint64_t case_no = 0;
        const struct rg_vault_case *c = NULL;
        err = rg_pending_find_commitment(k->c.pending, &m->commitments[i], &case_no);
        if (err == RG_OK) {
            err = rg_pending_get_case(k->c.pending, case_no, &c);
        }
        if (err == RG_OK) {
            /* A case of another agency that was not opened yet has readers by hearsay only. */
            if ((c->opened || c->opener == k->agency) && (c->readers >> asker & 1) != 0) {
                rg_keys__export(k, c, &keys[count++]);
            } else {
                k->refused++;
            }
        }
        err = err == RG_ERR_NOT_FOUND ? RG_OK : err;
    }
    if (err == RG_OK && count > 0) {
        rg_keys__send(k, peer, keys, count);
    }
    if (keys != NULL) {
        rg_rand_wipe(keys, RG_PEER_KEYS_MAX * sizeof *keys);
        free(keys);
    }
    return err;
}

rg_err rg_keys_on_message(struct rg_keys *k, uint16_t peer, struct rg_bytes bytes)
{
    struct rg_peer_message m;
    rg_err err = RG_OK;
    if (peer >= k->node_count || peer == k->self ||
        rg_peer_codec_decode(&k->decode, &k->c.genesis->ledger_id, bytes, &m) != RG_OK) {
        k->refused++;
        clear(&k->decode);
        return RG_OK;
    }
    if (m.kind == RG_PEER_KEYS) {
        take_keys(k, peer, &m);
    } else if (m.kind == RG_PEER_KEY_ACK) {
        err = take_acks(k, peer, &m);
    } else if (m.kind == RG_PEER_KEY_PULL) {
        err = answer_pull(k, peer, &m);
    } else if (m.kind == RG_PEER_ALERT_DIGESTS && k->c.other != NULL) {
        k->c.other(k->c.other_ctx, peer, &m);
    } else {
        k->refused++;
    }
    clear(&k->decode);
    return err;
}

/* Store one key that came; a case that is known already is simply acknowledged. */
static rg_err store(struct rg_keys *k, struct rg_keys_incoming *in, uint64_t *out_case_no)
{
    uint64_t known = 0;
    struct rg_vault_missing m;
    *out_case_no = 0;
    rg_err err = rg_pending_find_commitment(k->c.pending, &in->key.commitment, &known);
    if (err != RG_ERR_NOT_FOUND) {
        in->stored = err == RG_OK;
        return err;
    }
    struct rg_vault_case c = {
        .case_no = rg_vault_case_number(k->c.vault),
        .pseudonym = in->key.pseudonym,
        .readers = in->key.readers,
        .opener = in->key.opener,
    };
    memcpy(c.key, in->key.key, RG_KEY_BYTES);
    err = rg_vault_case_add(k->c.vault, &c);
    rg_rand_wipe(c.key, sizeof c.key);
    if (err != RG_OK) {
        return err;
    }
    in->stored = true;
    *out_case_no = c.case_no;
    /* What the ledger waits for is no burden, whoever of the readers brings it. */
    err = rg_vault_list_get_missing(k->c.vault, &in->key.commitment, &m);
    k->peer[in->peer].unseen += err == RG_ERR_NOT_FOUND ? 1 : 0;
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

static void acknowledge(struct rg_keys *k)
{
    struct rg_hash list[RG_PEER_KEYS_MAX];
    for (uint16_t peer = 0; peer < k->node_count; peer++) {
        uint32_t count = 0;
        for (size_t i = 0; i < k->incoming_count; i++) {
            if (k->incoming[i].peer != peer || !k->incoming[i].stored) {
                continue;
            }
            list[count++] = k->incoming[i].key.commitment;
            if (count == RG_PEER_KEYS_MAX) {
                rg_keys__send_list(k, peer, RG_PEER_KEY_ACK, list, count);
                count = 0;
            }
        }
        if (count > 0) {
            rg_keys__send_list(k, peer, RG_PEER_KEY_ACK, list, count);
        }
    }
}

static rg_err flush(struct rg_keys *k, uint64_t *case_nos, size_t *out_new)
{
    rg_err err = rg_vault_begin_write(k->c.vault);
    if (err != RG_OK) {
        return err;
    }
    size_t count = 0;
    for (size_t i = 0; i < k->incoming_count && err == RG_OK; i++) {
        uint64_t case_no = 0;
        err = store(k, &k->incoming[i], &case_no);
        if (case_no != 0) {
            case_nos[count++] = case_no;
        }
    }
    for (size_t i = 0; i < k->paid_count && err == RG_OK; i++) {
        err = rg_vault_list_paid(k->c.vault, k->paid[i].peer, k->paid[i].case_no);
    }
    if (err == RG_OK && count > 0) {
        err = rg_follow_unpark(k->c.follow, case_nos, count);
    }
    if (err != RG_OK) {
        rg_vault_end(k->c.vault);
        return err;
    }
    *out_new = count;
    RG_FAILPOINT("agency.keys");
    return rg_vault_commit(k->c.vault);
}

rg_err rg_keys_flush(struct rg_keys *k, bool *out_fed)
{
    size_t added = 0;
    if (k->incoming_count == 0 && k->paid_count == 0) {
        return RG_OK;
    }
    uint64_t *case_nos = calloc(RG_KEYS_INCOMING_MAX, sizeof *case_nos);
    if (case_nos == NULL) {
        return RG_ERR_NOMEM;
    }
    const rg_err err = flush(k, case_nos, &added);
    free(case_nos);
    if (err != RG_OK) {
        return err;
    }
    acknowledge(k);
    rg_rand_wipe(k->incoming, k->incoming_count * sizeof *k->incoming);
    k->incoming_count = 0;
    k->paid_count = 0;
    *out_fed = *out_fed || added > 0;
    return RG_OK;
}
