/* What the targets of event logs share: a process definition, a file in memory, and what must hold
 * of every row. The first byte says whether unknown columns are left out; the rest is the file. */
#ifndef RG_TESTS_FUZZ_FUZZ_LOG_H
#define RG_TESTS_FUZZ_FUZZ_LOG_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "node/cli/logfile.h"
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

static void one_row(const struct rg_eventlog_row *row)
{
    struct rg_event again;
    struct rg_bytes bytes;
    RG_ASSERT(row->file_number.len > 0 && row->event.field_count <= RG_FIELDS_MAX);
    /* What import takes, the node takes. */
    rg_arena_reset(&arena);
    RG_ASSERT(rg_ledger_codec_encode_event(&arena, &row->event, &bytes) == RG_OK);
    RG_ASSERT(rg_ledger_codec_decode_event(&arena, bytes, &again) == RG_OK);
    RG_ASSERT(rg_bytes_eq(again.step, row->event.step));
}

/* Read the input as a file of @format; returns how many rows it has. */
static uint64_t read_log(enum rg_logfile_format format, const uint8_t *data, size_t size)
{
    static struct rg_eventlog log;
    static struct rg_eventlog_row row;
    struct rg_logfile *f = NULL;
    uint64_t rows = 0;
    if (def == NULL) {
        start();
    }
    /* In this order the file keeps its memory from one input to the next. */
    if (size < 1 || pwrite(file, data + 1, size - 1, 0) != (ssize_t)(size - 1) ||
        ftruncate(file, (off_t)(size - 1)) != 0) {
        return 0;
    }
    log.def = def;
    log.agency = "X";
    log.ignore_others = data[0] % 2 == 0;
    log.why[0] = '\0';
    rg_err err = rg_logfile_open(path, format, NULL, &log, &f);
    while (err == RG_OK && (err = rg_logfile_next(f, &row)) == RG_OK) {
        one_row(&row);
        rows++;
    }
    RG_ASSERT(err == RG_ERR_CLOSED || (err == RG_ERR_INVALID && log.why[0] != '\0'));
    rg_logfile_close(&f);
    return rows;
}

#endif /* RG_TESTS_FUZZ_FUZZ_LOG_H */
