/* Which version of the process definition the rules host has. */
#include "base/panic.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/monitor_priv.h"
#include "node/monitor/ruleshost.h"

/* The version that stands for @index: itself, or the last one before that the host took. */
static size_t stand_in(const struct rg_monitor *m, size_t index)
{
    while (index > 0 && m->unusable[index]) {
        index--;
    }
    return index;
}

struct rg_bytes rg_monitor__text_next(const struct rg_monitor *m)
{
    size_t i = m->version_count - 1;
    while (i > 0 && m->versions[i].from > m->follow_height + 1) {
        i--;
    }
    return m->versions[i].yaml;
}

rg_err rg_monitor__load(struct rg_monitor *m)
{
    const struct rg_monitor_config *c = &m->config;
    const bool module = c->rules_module != NULL && c->rules_module[0] != '\0';
    const size_t index = stand_in(m, rg_evaluate_version(m->evaluate));
    const struct rg_ruleshost_options o = {.program = c->rules_program,
                                           .module = module ? c->rules_module : NULL,
                                           .definition = m->versions[index].yaml};
    RG_ASSERT(m->asked == RG_MONITOR_NOTHING);
    rg_ruleshost_destroy(&m->host);
    m->loaded = index;
    m->opened = false;
    const rg_err err = rg_evaluate_use(m->evaluate, m->versions[index].definition);
    return err == RG_OK ? rg_ruleshost_create(&o, &m->host) : err;
}

rg_err rg_monitor__follow_version(struct rg_monitor *m)
{
    const bool other = stand_in(m, rg_evaluate_version(m->evaluate)) != m->loaded;
    return other && m->asked == RG_MONITOR_NOTHING ? rg_monitor__load(m) : RG_OK;
}

bool rg_monitor__refuse_version(struct rg_monitor *m)
{
    if (m->loaded == 0 || m->opened || m->asked != RG_MONITOR_NOTHING) {
        return false;
    }
    m->unusable[m->loaded] = true;
    return true;
}

const struct rg_definition *rg_monitor_definition(const struct rg_monitor *m)
{
    return m->versions[m->loaded].definition;
}

void rg_monitor_set_versions(struct rg_monitor *m, const struct rg_monitor_version *list,
                             size_t count)
{
    RG_ASSERT(count > 0 && count <= 1 + RG_DEFINITIONS_MAX);
    m->versions = list;
    m->version_count = count;
    rg_evaluate_set_versions(m->evaluate, list, count);
}
