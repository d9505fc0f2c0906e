#include "base/bytes.h"
#include "node/cli/caseset.h"
#include "node/cli/cli.h"
#include "node/cli/import.h"
#include "node/cli/say.h"
#include <stdio.h>
#include <stdlib.h>

/* The exit code for a failure of reading, said. */
static int say_csv(const struct rg_import *im, const struct rg_csv *csv, rg_err err)
{
    rg_say_error("%s: %s", im->path, rg_csv_why(csv));
    return err == RG_ERR_INVALID ? RG_CLI_INPUT : RG_CLI_DISK;
}

static int say_log(const struct rg_import *im)
{
    rg_say_error("%s: %s; nothing of the file was recorded", im->path, im->log.why);
    return RG_CLI_INPUT;
}

static int scan_rows(struct rg_import *im, struct rg_csv *csv, struct rg_hash_state *hash,
                     struct rg_caseset *cases)
{
    static struct rg_csv_record record;
    static struct rg_eventlog_row row;
    rg_err err = RG_OK;
    while ((err = rg_csv_next(csv, hash, &record)) == RG_OK) {
        if (rg_eventlog_row(&im->log, &record, &row) != RG_OK) {
            return say_log(im);
        }
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
    return err == RG_ERR_CLOSED ? RG_CLI_OK : say_csv(im, csv, err);
}

static int scan(struct rg_import *im, struct rg_csv *csv, struct rg_caseset *cases)
{
    static struct rg_csv_record record;
    struct rg_hash_state hash;
    struct rg_hash sum;
    rg_hash_begin(&hash, RG_DOMAIN_FILE, NULL);
    rg_hash_add(&hash, rg_bytes_str(im->log.agency));
    const rg_err err = rg_csv_next(csv, &hash, &record);
    if (err == RG_ERR_CLOSED) {
        rg_say_error("%s: the file is empty; it needs a header and rows", im->path);
        return RG_CLI_INPUT;
    }
    if (err != RG_OK) {
        return say_csv(im, csv, err);
    }
    if (rg_eventlog_header(&im->log, &record, im->ignore_others) != RG_OK) {
        return say_log(im);
    }
    const int code = scan_rows(im, csv, &hash, cases);
    rg_hash_end(&hash, &sum);
    memcpy(im->stream.b, sum.b, RG_ID_BYTES);
    im->cases = cases->count;
    return code;
}

int rg_import_scan(struct rg_import *im)
{
    struct rg_csv *csv = NULL;
    struct rg_caseset cases = {0};
    const rg_err err = rg_csv_open(im->path, &csv);
    if (err != RG_OK) {
        rg_say_error("%s: %s", im->path, rg_err_text(err));
        return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL : RG_CLI_INPUT;
    }
    const int code = scan(im, csv, &cases);
    rg_caseset_fini(&cases);
    rg_csv_close(&csv);
    return code;
}
