/* A log from anywhere: records of a plain or gzip file, its header, its rows, and what a row
 * encodes to. The file is one in memory. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "node/cli/eventlog.h"
#include "tests/fuzz/fuzz.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static const char yaml[] = "process: p\nversion: 1\nclock: event\nreaders: all\n"
                           "steps:\n  - id: a\n    by: [X]\n  - id: b\n    by: [Y]\n"
                           "fields:\n  resource: id\n  due: date\nignore: [noise]\nrules: []\n";
static struct rg_definition *def;
static struct rg_arena arena;
static char path[64];
static int file;

static void start(void)
{
    char err[RG_DEFINITION_ERROR_MAX];
    RG_ASSERT(rg_definition_parse("fuzz", rg_bytes_str(yaml), &def, err) == RG_OK);
    RG_ASSERT(rg_arena_init(&arena, 256u * 1024) == RG_OK);
    file = memfd_create("fuzz", MFD_CLOEXEC);
    RG_ASSERT(file >= 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
}

static void one_row(struct rg_eventlog *log, const struct rg_csv_record *record)
{
    struct rg_eventlog_row row;
    struct rg_event again;
    struct rg_bytes bytes;
    if (rg_eventlog_row(log, record, &row) != RG_OK) {
        RG_ASSERT(log->why[0] != '\0');
        return;
    }
    RG_ASSERT(row.file_number.len > 0 && row.event.field_count <= RG_FIELDS_MAX);
    /* What import takes, the node takes. */
    rg_arena_reset(&arena);
    RG_ASSERT(rg_ledger_codec_encode_event(&arena, &row.event, &bytes) == RG_OK);
    RG_ASSERT(rg_ledger_codec_decode_event(&arena, bytes, &again) == RG_OK);
    RG_ASSERT(rg_bytes_eq(again.step, row.event.step));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rg_csv_record record;
    static struct rg_eventlog log;
    struct rg_csv *c = NULL;
    bool header = false;
    if (def == NULL) {
        start();
    }
    if (size < 1 || ftruncate(file, 0) != 0 ||
        pwrite(file, data + 1, size - 1, 0) != (ssize_t)(size - 1)) {
        return 0;
    }
    log = (struct rg_eventlog){.def = def, .agency = "X"};
    RG_ASSERT(rg_csv_open(path, &c) == RG_OK);
    rg_err err = RG_OK;
    while ((err = rg_csv_next(c, NULL, &record)) == RG_OK) {
        RG_ASSERT(record.count > 0 && record.count <= RG_CSV_COLUMNS_MAX && record.line > 0);
        if (header) {
            one_row(&log, &record);
        } else if (rg_eventlog_header(&log, &record, data[0] % 2 == 0) == RG_OK) {
            header = true;
        } else {
            RG_ASSERT(log.why[0] != '\0');
            break;
        }
    }
    RG_ASSERT(err != RG_ERR_INVALID || rg_csv_why(c)[0] != '\0');
    rg_csv_close(&c);
    return 0;
}
