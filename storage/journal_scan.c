#include "storage/journal_priv.h"

rg_err rg_journal_scan(const char *dir, rg_journal_scan_fn fn, void *ctx,
                       struct rg_journal_info *out_info)
{
    struct rg_journal_files f;
    struct rg_journal_info info = {0};
    rg_err e = rg_journal_files__open(dir, false, &info, &f);
    if (e == RG_OK || e == RG_ERR_CORRUPT) {
        *out_info = info;
    }
    const int shown = info.file == 'b' ? 1 : 0;
    if (fn != NULL && (e == RG_OK || e == RG_ERR_CORRUPT) && f.data[shown] != NULL &&
        f.images[shown].generation != 0) {
        const rg_err told =
            rg_journal_image_replay(rg_journal_files__bytes(&f, shown), &f.images[shown], fn, ctx);
        e = e == RG_OK ? told : e;
    }
    rg_journal_files__close(&f);
    return e;
}
