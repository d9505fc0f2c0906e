#include "base/bytes.h"
#include "node/cli/caseset.h"
#include "node/cli/cli.h"
#include "node/cli/import.h"
#include "node/cli/say.h"

/* The exit code for a failure of reading, said. */
static int say_file(const struct rg_import *im, rg_err err)
{
    rg_say_error("%s: %s; nothing of the file was recorded", im->path, im->log.why);
    return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL : err == RG_ERR_IO ? RG_CLI_DISK : RG_CLI_INPUT;
}

static int scan_rows(struct rg_import *im, struct rg_logfile *file, struct rg_caseset *cases)
{
    static struct rg_eventlog_row row;
    rg_err err = RG_OK;
    while ((err = rg_logfile_next(file, &row)) == RG_OK) {
        if (rg_caseset_add(cases, row.file_number) != RG_OK) {
            rg_say_error("out of memory");
            return RG_CLI_INTERNAL;
        }
        im->events++;
        if (rg_say_stop != 0) {
            rg_say_error("stopped; nothing of the file was recorded");
            return RG_CLI_AGAIN;
        }
    }
    return err == RG_ERR_CLOSED ? RG_CLI_OK : say_file(im, err);
}

int rg_import_scan(struct rg_import *im)
{
    struct rg_logfile *file = NULL;
    struct rg_caseset cases = {0};
    struct rg_hash_state hash;
    struct rg_hash sum;
    rg_hash_begin(&hash, RG_DOMAIN_FILE, NULL);
    rg_hash_add(&hash, rg_bytes_str(im->log.agency));
    im->sums.total = &hash;
    const rg_err err = rg_logfile_open(im->path, im->format, &im->sums, &im->log, &file);
    const int code = err == RG_OK ? scan_rows(im, file, &cases) : say_file(im, err);
    im->sums.total = NULL;
    rg_hash_end(&hash, &sum);
    memcpy(im->stream.b, sum.b, RG_ID_BYTES);
    im->cases = cases.count;
    rg_caseset_fini(&cases);
    rg_logfile_close(&file);
    return code;
}
