/* An import in two passes: the whole file is judged first, and only a file without a fault is sent.
 */
#ifndef RG_CLI_IMPORT_H
#define RG_CLI_IMPORT_H

#include "client/pipeline.h"
#include "node/cli/logfile.h"

struct rg_import {
    const char *path;
    enum rg_logfile_format format;
    bool wait;
    uint64_t rate;          /* events a second; 0: as fast as the node takes them */
    uint32_t batch;         /* events a request, 1..RG_PIPELINE_EVENTS_MAX */
    struct rg_eventlog log; /* def, agency and ignore_others are set by the caller */
    uint64_t events;        /* from here on: what the first pass found */
    uint64_t cases;
    struct rg_unpack_sums sums; /* what it read; the second pass must read the same */
    struct rg_id stream;        /* of (agency, content): a second run of the same file goes on */
};

/* Read all of the file and judge it; the caller frees @im->sums. Returns 0 or the exit code, said
 * on stderr with line and field. */
int rg_import_scan(struct rg_import *im);
/* Read it again and send it through @s; ends before a row of other content than the first pass
 * judged. Gives the totals even when it fails. Returns 0 or the exit code, said on
 * stderr. */
int rg_import_send(struct rg_import *im, struct rg_session *s, struct rg_pipeline_totals *out);

#endif /* RG_CLI_IMPORT_H */
