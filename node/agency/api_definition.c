/* Process definitions: that in force, earlier and later ones, and those that are moved. */
#include "base/bytes.h"
#include "node/agency/api_priv.h"
#include <inttypes.h>
#include <stdio.h>

static rg_err send_definition(struct rg_api *a, const struct rg_submit_client *client,
                              const struct rg_published *p, struct rg_bytes yaml)
{
    size_t count = 0;
    const struct rg_answer answer = {
        .kind = RG_ANSWER_DEFINITION,
        .id = client->request,
        .definition = yaml,
        .process = rg_bytes_str(rg_versions_list(a->c.versions, &count)->definition->process),
        .version = p->version,
        .version_from = p->from,
        .definition_hash = p->hash,
    };
    rg_api_answer(a, client, &answer);
    return RG_OK;
}

static rg_err send_version(struct rg_api *a, const struct rg_submit_client *client,
                           const struct rg_monitor_version *v)
{
    const struct rg_published p = {
        .hash = v->hash, .version = v->definition->version, .from = v->from};
    return send_definition(a, client, &p, v->yaml);
}

static const struct rg_open_motion *open_motion(const struct rg_api *a, const struct rg_hash *id)
{
    const struct rg_governance *v = &a->status.core.governance;
    for (uint32_t i = 0; a->have_status && i < v->motion_count; i++) {
        if (rg_hash_eq(&v->motion[i].id, id)) {
            return &v->motion[i];
        }
    }
    return NULL;
}

rg_err rg_api__definition(struct rg_api *a, const struct rg_submit_client *client,
                          const struct rg_request *r)
{
    const struct rg_governance *v = &a->status.core.governance;
    const uint64_t height = rg_vault_get_meta(a->c.vault)->height;
    size_t count = 0;
    const struct rg_monitor_version *list = rg_versions_list(a->c.versions, &count);
    struct rg_published p = {.version = 0};
    struct rg_bytes yaml;
    if (r->version == 0 && !r->has_motion) {
        return send_version(a, client, rg_versions_after(a->c.versions, height));
    }
    if (r->version == list[0].definition->version) {
        return send_version(a, client, &list[0]);
    }
    const struct rg_open_motion *m = r->has_motion ? open_motion(a, &r->motion) : NULL;
    if (m != NULL) {
        p = m->motion.definition;
        p.from = 0;
    }
    for (uint32_t i = 0; a->have_status && r->version != 0 && i < v->published_count; i++) {
        p = v->published[i].version == r->version ? v->published[i] : p;
    }
    if (p.version == 0) {
        rg_api__error(a, client, 65,
                      r->has_motion
                          ? "No open motion of this id brings a process definition; see `reigen "
                            "motions`."
                          : "This version was never carried; `reigen motions` lists those that "
                            "were.");
        return RG_OK;
    }
    const rg_err err = rg_versions_text(a->c.versions, &p, &yaml);
    if (err == RG_ERR_BUSY) {
        rg_api__error(a, client, 75,
                      "The block that brings this version is not here yet; try again.");
        return RG_OK;
    }
    return err == RG_OK ? send_definition(a, client, &p, yaml) : err;
}

const char *rg_api_fit(struct rg_api *a, const struct rg_ballot *b, uint32_t *out_code)
{
    static char text[RG_API_TEXT_MAX];
    struct rg_bytes yaml = b->text;
    uint32_t version = b->motion.definition.version;
    if (!b->moves) {
        const struct rg_open_motion *m = open_motion(a, &b->id);
        if (m == NULL || m->motion.definition.version == 0) {
            return NULL;
        }
        version = m->motion.definition.version;
        if (rg_versions_text(a->c.versions, &m->motion.definition, &yaml) != RG_OK) {
            *out_code = 75;
            return "This node cannot read the text that is moved yet; try again.";
        }
    }
    if (version == 0) {
        return NULL;
    }
    *out_code = 65;
    const char *why = NULL;
    if (rg_versions_fault(a->c.versions, yaml, version, &why) != RG_OK) {
        *out_code = 75;
        return "This node is short of memory; try again.";
    }
    if (why == NULL) {
        return NULL;
    }
    (void)snprintf(text, sizeof text,
                   "The process definition could not be used by any node, so this agency does not "
                   "vote for it: %.600s.",
                   why);
    return text;
}
