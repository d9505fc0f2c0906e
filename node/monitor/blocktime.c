#include "node/monitor/blocktime.h"

#include "storage/chain.h"

rg_err rg_blocktime_after(struct rg_chain *chain, int64_t ms, int64_t *out)
{
    struct rg_chain_view *v = NULL;
    struct rg_chain_block block;
    uint64_t height = 0;
    rg_err e = rg_chain_view_open(chain, &v);
    if (e != RG_OK) {
        return e;
    }
    e = rg_chain_view_height_after(v, ms, &height);
    e = e == RG_OK ? rg_chain_view_block(v, height, &block) : e;
    if (e == RG_OK) {
        *out = block.time_ms;
    }
    rg_chain_view_close(&v);
    return e;
}
