#include "proto/genesis_codec.h"
#include "crypto/hash.h"
#include "ledger.pb-c.h"
#include "proto/pack.h"

#define FORMAT 1u
#define ARENA_BYTES (4u * RG_GENESIS_MAX)

/* The pieces of a genesis under encoding. */
struct draft {
    Reigen__Ledger__Genesis m;
    Reigen__Ledger__Parameters parameters;
    Reigen__Ledger__Agency agency[RG_AGENCIES_MAX];
    Reigen__Ledger__Agency *agencies[RG_AGENCIES_MAX];
    Reigen__Ledger__Principal principal[RG_PRINCIPALS_MAX];
    Reigen__Ledger__Principal *principals[RG_PRINCIPALS_MAX];
    uint32_t authorities[RG_AUTHORITIES_MAX];
};

static ProtobufCBinaryData of_key(const struct rg_pubkey *k)
{
    return rg_pack_from((struct rg_bytes){k->b, RG_KEY_BYTES});
}

/* protobuf-c's strings are not const, but packing only reads. */
static char *of_text(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {.in = s};
    return u.out;
}

static void draft_parameters(Reigen__Ledger__Parameters *m, const struct rg_parameters *p)
{
    reigen__ledger__parameters__init(m);
    m->tick_ms = p->tick_ms;
    m->leader_timeout_ms = p->leader_timeout_ms;
    m->view_timeout_ms = p->view_timeout_ms;
    m->status_ms = p->status_ms;
    m->skip_ms = p->skip_ms;
    m->timeout_cap_ms = p->timeout_cap_ms;
    m->empty_interval_ms = p->empty_interval_ms;
    m->clock_drift_ms = p->clock_drift_ms;
}

static void draft_members(struct draft *d, const struct rg_genesis *g)
{
    for (uint32_t i = 0; i < g->agency_count; i++) {
        Reigen__Ledger__Agency *a = &d->agency[i];
        reigen__ledger__agency__init(a);
        a->name = of_text(g->agency[i].name);
        a->class_ = (uint32_t)g->agency[i].class;
        a->admin_key = of_key(&g->agency[i].admin_key);
        d->agencies[i] = a;
    }
    for (uint32_t i = 0; i < g->principal_count; i++) {
        Reigen__Ledger__Principal *p = &d->principal[i];
        reigen__ledger__principal__init(p);
        p->name = of_text(g->principal[i].name);
        p->agency = g->principal[i].agency;
        p->roles = g->principal[i].roles;
        p->sign_key = of_key(&g->principal[i].sign_key);
        p->curve_key = of_key(&g->principal[i].curve_key);
        p->valid_from_ms = g->principal[i].valid_from_ms;
        p->valid_to_ms = g->principal[i].valid_to_ms;
        d->principals[i] = p;
    }
}

rg_err rg_genesis_codec_encode(struct rg_arena *arena, const struct rg_genesis *g,
                               struct rg_hash *out_id, struct rg_bytes *out)
{
    const char *why = NULL;
    rg_err err = rg_genesis_check(g, &why);
    struct draft *d = rg_arena_take_array(arena, 1, sizeof *d);
    if (err != RG_OK || d == NULL) {
        return err != RG_OK ? err : RG_ERR_NOMEM;
    }
    reigen__ledger__genesis__init(&d->m);
    draft_parameters(&d->parameters, &g->parameters);
    draft_members(d, g);
    memcpy(d->authorities, g->authority, sizeof d->authorities);
    d->m.format = FORMAT;
    d->m.name = of_text(g->name);
    d->m.time_ms = g->time_ms;
    d->m.parameters = &d->parameters;
    d->m.n_agencies = g->agency_count;
    d->m.agencies = d->agencies;
    d->m.n_principals = g->principal_count;
    d->m.principals = d->principals;
    d->m.n_authorities = g->authority_count;
    d->m.authorities = d->authorities;
    d->m.definition = rg_pack_from((struct rg_bytes){g->definition, g->definition_len});
    err = rg_pack_encode(arena, &d->m.base, RG_GENESIS_MAX, out);
    if (err == RG_OK) {
        rg_hash_one(RG_DOMAIN_GENESIS, NULL, *out, out_id);
    }
    return err;
}

static bool copy_name(const char *s, char out[RG_NAME_MAX + 1])
{
    struct rg_bytes text;
    if (!rg_pack_text(s, RG_NAME_MAX, &text)) {
        return false;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

static void read_parameters(const Reigen__Ledger__Parameters *m, struct rg_parameters *out)
{
    *out = (struct rg_parameters){.tick_ms = m->tick_ms,
                                  .leader_timeout_ms = m->leader_timeout_ms,
                                  .view_timeout_ms = m->view_timeout_ms,
                                  .status_ms = m->status_ms,
                                  .skip_ms = m->skip_ms,
                                  .timeout_cap_ms = m->timeout_cap_ms,
                                  .empty_interval_ms = m->empty_interval_ms,
                                  .clock_drift_ms = m->clock_drift_ms};
}

/* Copy all but the counts' checks, which rg_genesis_check makes. */
static bool read_all(const Reigen__Ledger__Genesis *m, struct rg_genesis *g)
{
    if (m->format != FORMAT || m->parameters == NULL || !copy_name(m->name, g->name) ||
        m->n_agencies > RG_AGENCIES_MAX || m->n_principals > RG_PRINCIPALS_MAX ||
        m->n_authorities > RG_AUTHORITIES_MAX || m->definition.len > RG_DEFINITION_MAX) {
        return false;
    }
    g->time_ms = m->time_ms;
    read_parameters(m->parameters, &g->parameters);
    for (size_t i = 0; i < m->n_agencies; i++) {
        const Reigen__Ledger__Agency *a = m->agencies[i];
        if (!copy_name(a->name, g->agency[i].name) || a->class_ > RG_AGENCY_LAND ||
            !rg_pack_fixed(a->admin_key, g->agency[i].admin_key.b, RG_KEY_BYTES)) {
            return false;
        }
        g->agency[i].class = a->class_ == 1   ? RG_AGENCY_BUND
                             : a->class_ == 2 ? RG_AGENCY_LAND
                                              : RG_AGENCY_NONE;
    }
    for (size_t i = 0; i < m->n_principals; i++) {
        const Reigen__Ledger__Principal *p = m->principals[i];
        struct rg_principal *to = &g->principal[i];
        if (!copy_name(p->name, to->name) ||
            !rg_pack_fixed(p->sign_key, to->sign_key.b, RG_KEY_BYTES) ||
            !rg_pack_fixed(p->curve_key, to->curve_key.b, RG_KEY_BYTES)) {
            return false;
        }
        to->agency = p->agency;
        to->roles = p->roles;
        to->valid_from_ms = p->valid_from_ms;
        to->valid_to_ms = p->valid_to_ms;
    }
    for (size_t i = 0; i < m->n_authorities; i++) {
        g->authority[i] = m->authorities[i];
    }
    g->agency_count = (uint32_t)m->n_agencies;
    g->principal_count = (uint32_t)m->n_principals;
    g->authority_count = (uint32_t)m->n_authorities;
    g->definition_len = (uint32_t)m->definition.len;
    if (m->definition.len > 0) {
        memcpy(g->definition, m->definition.data, m->definition.len);
    }
    return true;
}

rg_err rg_genesis_codec_decode(struct rg_bytes bytes, struct rg_genesis *out, const char **out_why)
{
    const Reigen__Ledger__Genesis *m = NULL;
    struct rg_arena arena;
    *out_why = "out of memory";
    rg_err err = rg_arena_init(&arena, ARENA_BYTES);
    if (err != RG_OK) {
        return err;
    }
    err = rg_pack_decode(&arena, &reigen__ledger__genesis__descriptor, bytes, RG_GENESIS_MAX,
                         (const ProtobufCMessage **)(const void **)&m);
    if (err == RG_OK) {
        memset(out, 0, sizeof *out);
        err = read_all(m, out) ? rg_genesis_check(out, out_why) : RG_ERR_INVALID;
        if (err == RG_OK) {
            rg_hash_one(RG_DOMAIN_GENESIS, NULL, bytes, &out->ledger_id);
        }
    }
    if (err != RG_OK && m == NULL) {
        *out_why = "the bytes are no genesis";
    } else if (err != RG_OK && strcmp(*out_why, "out of memory") == 0) {
        *out_why = "a field of the genesis is out of form";
    }
    rg_arena_fini(&arena);
    return err;
}
