#include "node/cut.h"
#include <stdio.h>

static void take_node(struct rg_yaml *doc, const struct rg_yaml_node *item,
                      const struct rg_config *c, bool cut[RG_AUTHORITIES_MAX])
{
    const char *name = item->text != NULL ? item->text : "";
    const uint32_t principal = rg_genesis_find_principal(&c->genesis, name);
    const uint32_t place =
        principal != UINT32_MAX ? rg_genesis_place_of(&c->genesis, principal) : UINT32_MAX;
    if (place >= RG_AUTHORITIES_MAX || place == c->place) {
        rg_yaml_report(doc, item, "`%s` is no other node of this ledger; remove it", name);
        return;
    }
    cut[place] = true;
}

rg_err rg_cut_read(const struct rg_config *c, bool out[RG_AUTHORITIES_MAX],
                   char err[RG_YAML_ERROR_MAX])
{
    static const char *const keys[] = {"cut"};
    bool cut[RG_AUTHORITIES_MAX] = {false};
    struct rg_yaml *doc = NULL;
    err[0] = '\0';
    rg_err result = c->cluster ? rg_yaml_load(c->cut, &doc, err) : RG_ERR_NOT_FOUND;
    if (result == RG_ERR_NOT_FOUND) {
        err[0] = '\0';
        result = RG_OK;
    } else if (result == RG_OK) {
        const struct rg_yaml_node *root = rg_yaml_root(doc);
        rg_yaml_only(doc, root, keys, 1);
        const struct rg_yaml_node *list = rg_yaml_list(doc, root, "cut", true);
        for (const struct rg_yaml_node *i = rg_yaml_first(list); i != NULL; i = rg_yaml_next(i)) {
            take_node(doc, i, c, cut);
        }
        if (rg_yaml_failed(doc)) {
            (void)snprintf(err, RG_YAML_ERROR_MAX, "%s", rg_yaml_errors(doc));
            result = RG_ERR_INVALID;
        }
        rg_yaml_destroy(&doc);
    }
    if (result == RG_OK) {
        memcpy(out, cut, sizeof cut);
    }
    return result;
}
