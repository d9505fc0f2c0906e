#include "node/agency/versions.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "ledger/state.h"
#include "proto/ledger_codec.h"
#include "rules/definition.h"
#include <stdio.h>
#include <stdlib.h>

/* A published definition, whether it can be used or not. */
struct known {
    struct rg_published published;
    uint8_t *text;                    /* NULL: left out */
    struct rg_definition *definition; /* the same */
    bool told;
};

struct rg_versions {
    struct rg_versions_config c;
    struct rg_state state; /* room to read it */
    struct known known[RG_DEFINITIONS_MAX];
    uint32_t known_count;
    struct rg_monitor_version list[1 + RG_DEFINITIONS_MAX];
    size_t count;
    char why[RG_DEFINITION_ERROR_MAX + 128];
};

rg_err rg_versions_new(const struct rg_versions_config *c, struct rg_versions **out)
{
    struct rg_versions *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return RG_ERR_NOMEM;
    }
    v->c = *c;
    v->list[0].yaml = (struct rg_bytes){c->genesis->definition, c->genesis->definition_len};
    v->list[0].definition = c->definition;
    rg_ledger_codec_definition_hash(&c->genesis->ledger_id, v->list[0].yaml, &v->list[0].hash);
    v->count = 1;
    *out = v;
    return RG_OK;
}

/* Forget those from @count on. */
static void cut(struct rg_versions *v, uint32_t count)
{
    while (v->known_count > count) {
        struct known *k = &v->known[--v->known_count];
        v->count -= k->definition != NULL ? 1 : 0;
        rg_definition_destroy(&k->definition);
        free(k->text);
        *k = (struct known){.text = NULL};
    }
}

void rg_versions_destroy(struct rg_versions **v_p)
{
    struct rg_versions *v = v_p != NULL ? *v_p : NULL;
    if (v == NULL) {
        return;
    }
    cut(v, 0);
    free(v);
    *v_p = NULL;
}

/* Parse @text; NULL in @out: it cannot be used, and v->why says so. */
static rg_err parse(struct rg_versions *v, struct rg_bytes text, uint32_t version,
                    struct rg_definition **out)
{
    char error[RG_DEFINITION_ERROR_MAX];
    const struct rg_definition *first = v->c.definition;
    *out = NULL;
    const rg_err err = rg_definition_parse("definition", text, out, error);
    if (err == RG_ERR_NOMEM) {
        return err;
    }
    v->why[0] = '\0';
    if (err != RG_OK) {
        (void)snprintf(v->why, sizeof v->why, "it is not valid: %.380s", error);
    } else if (strcmp((*out)->process, first->process) != 0) {
        (void)snprintf(v->why, sizeof v->why, "it is of the process `%s`, this ledger's is `%s`",
                       (*out)->process, first->process);
    } else if ((*out)->version != version || version <= first->version) {
        (void)snprintf(v->why, sizeof v->why,
                       "it is moved as version %u, says %u of itself, and must be later than %u",
                       version, (*out)->version, first->version);
    }
    if (v->why[0] != '\0') {
        rg_definition_destroy(out);
    }
    return RG_OK;
}

rg_err rg_versions_fault(struct rg_versions *v, struct rg_bytes text, uint32_t version,
                         const char **out)
{
    struct rg_definition *def = NULL;
    const rg_err err = parse(v, text, version, &def);
    *out = err == RG_OK && v->why[0] != '\0' ? v->why : NULL;
    rg_definition_destroy(&def);
    return err;
}

rg_err rg_versions_text(struct rg_versions *v, const struct rg_published *p, struct rg_bytes *out)
{
    struct rg_chain_tip tip;
    struct rg_blocks_entry at;
    struct rg_hash hash;
    rg_err err = rg_chain_tip(v->c.chain, &tip);
    if (err != RG_OK || tip.height < p->height) {
        return err == RG_OK ? RG_ERR_BUSY : err;
    }
    err = rg_blocks_entry(v->c.blocks, p->height, p->submission, 0, &at);
    if (err != RG_OK) {
        return err;
    }
    if (at.entry->ballot == NULL) {
        return RG_ERR_CORRUPT;
    }
    *out = at.entry->ballot->text;
    rg_ledger_codec_definition_hash(&v->c.genesis->ledger_id, *out, &hash);
    return rg_hash_eq(&hash, &p->hash) ? RG_OK : RG_ERR_CORRUPT;
}

/* Take up what was published next. */
static rg_err add(struct rg_versions *v, const struct rg_published *p)
{
    struct known *k = &v->known[v->known_count];
    struct rg_bytes text;
    *k = (struct known){.published = *p};
    rg_err err = rg_versions_text(v, p, &text);
    err = err == RG_OK ? parse(v, text, p->version, &k->definition) : err;
    if (err != RG_OK) {
        return err == RG_ERR_BUSY ? RG_ERR_CORRUPT : err; /* the state is after its block */
    }
    v->known_count++;
    if (k->definition == NULL) {
        return RG_OK;
    }
    k->text = malloc(text.len);
    if (k->text == NULL) {
        rg_definition_destroy(&k->definition);
        v->known_count--;
        return RG_ERR_NOMEM;
    }
    memcpy(k->text, text.data, text.len);
    v->list[v->count++] = (struct rg_monitor_version){
        .from = p->from, .hash = p->hash, .yaml = {k->text, text.len}, .definition = k->definition};
    return RG_OK;
}

static bool same(const struct rg_published *a, const struct rg_published *b)
{
    return rg_hash_eq(&a->hash, &b->hash) && a->version == b->version && a->from == b->from;
}

/* The chain's state; one without definitions when the chain is empty. */
static rg_err read_state(struct rg_versions *v)
{
    struct rg_chain_view *view = NULL;
    struct rg_bytes bytes;
    uint64_t height = 0;
    rg_err err = rg_chain_view_open(v->c.chain, &view);
    if (err != RG_OK) {
        return err;
    }
    err = rg_chain_view_state(view, &height, &bytes);
    if (err == RG_OK) {
        err = rg_state_decode(bytes, &v->state);
    }
    rg_chain_view_close(&view);
    if (err == RG_ERR_NOT_FOUND) {
        v->state.governance.published_count = 0;
        return RG_OK;
    }
    return err;
}

rg_err rg_versions_refresh(struct rg_versions *v)
{
    uint32_t equal = 0;
    rg_err err = read_state(v);
    if (err != RG_OK) {
        return err;
    }
    const struct rg_governance *now = &v->state.governance;
    while (equal < v->known_count && equal < now->published_count &&
           same(&v->known[equal].published, &now->published[equal])) {
        equal++;
    }
    cut(v, equal); /* what was carried for later, and replaced before it came into force */
    for (uint32_t i = equal; err == RG_OK && i < now->published_count; i++) {
        err = add(v, &now->published[i]);
    }
    return err;
}

void rg_versions_tell(struct rg_versions *v, rg_follow_alarm_fn alarm, void *ctx)
{
    char text[RG_DEFINITION_ERROR_MAX + 256];
    struct rg_bytes yaml;
    for (uint32_t i = 0; i < v->known_count; i++) {
        struct known *k = &v->known[i];
        if (k->definition != NULL || k->told) {
            continue;
        }
        k->told = true;
        const char *why = NULL;
        rg_err err = rg_versions_text(v, &k->published, &yaml);
        err = err == RG_OK ? rg_versions_fault(v, yaml, k->published.version, &why) : err;
        (void)snprintf(text, sizeof text,
                       "Version %u of the process definition was carried but cannot be used, and "
                       "the one before stays in force: %.300s. Publish a later version.",
                       k->published.version,
                       err == RG_OK && why != NULL ? why : "its text cannot be read");
        alarm(ctx, "definition-unusable", (struct rg_bytes){k->published.hash.b, RG_HASH_BYTES},
              text);
    }
}

const struct rg_monitor_version *rg_versions_list(const struct rg_versions *v, size_t *out_count)
{
    *out_count = v->count;
    return v->list;
}

const struct rg_monitor_version *rg_versions_after(const struct rg_versions *v, uint64_t height)
{
    size_t i = v->count - 1;
    while (i > 0 && v->list[i].from > height + 1) {
        i--;
    }
    return &v->list[i];
}
