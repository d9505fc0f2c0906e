/* Broken networks on demand, for tests: which peers are cut off (node/cut.h). */
#include "node/cut.h"
#include "node/loop_priv.h"

void rg_loop_cut__read(struct rg_loop *l)
{
    bool cut[RG_AUTHORITIES_MAX] = {false};
    char err[RG_YAML_ERROR_MAX];
    if (!l->config->cluster) {
        return; /* a real network is never cut by a file */
    }
    if (rg_cut_read(l->config, cut, err) != RG_OK) {
        rg_log(RG_LOG_WARNING, "connections stay as they are", RG_LOG_TEXT("reason", err));
        return;
    }
    uint64_t count = 0;
    bool same = true;
    for (uint16_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        count += cut[i] ? 1 : 0;
        same = same && cut[i] == rg_peers_is_cut(l->peers, i);
    }
    if (!same) {
        rg_peers_cut(l->peers, cut);
        l->status_dirty = true;
        rg_log(RG_LOG_WARNING, "a test cuts connections", RG_LOG_NUMBER("peers_cut", count));
    }
}

void rg_loop_cut__tell(const struct rg_loop *l, struct rg_link_status *s)
{
    for (uint16_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        s->cut[i] = rg_peers_is_cut(l->peers, i);
    }
}
