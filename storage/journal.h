/* The journal: what must be durable before a message leaves (votes, certificates, block bodies), as
 * blobs with a type number, in two preallocated files `journal.a` and `journal.b`.
 *
 * One file is active. Records are appended to it and made durable together by one fdatasync. When
 * it fills, the owner turns: it appends all that is still live to the other file (a checkpoint of
 * the next generation) and ends the turn; from then on that file alone counts, and the first is the
 * next one to be overwritten. Every record carries generation, position, number and a BLAKE2b-128
 * checksum over all of it, so stale or misplaced bytes never verify. Format: journal_image.h.
 *
 * After a crash: the newest generation whose checkpoint is whole is replayed in order. What an
 * interrupted sync left behind (a torn tail) is cut off and noted. Damage to records that had been
 * synced before later records were written is RG_ERR_CORRUPT: votes may be missing, the node must
 * not go on alone. Damage inside the very last sync cannot be told from a torn write; a seal (see
 * rg_journal_seal(); open and close set one) makes it tellable.
 *
 * After any error of the disk every later call fails with RG_ERR_IO: what a failed fdatasync left
 * is unknown. One thread. Knows nothing of what it stores. */
#ifndef RG_STORAGE_JOURNAL_H
#define RG_STORAGE_JOURNAL_H

#include "base/err.h"
#include "base/types.h"

#define RG_JOURNAL_SIZE_DEFAULT (UINT64_C(32) << 20) /* of each file */
#define RG_JOURNAL_SIZE_MIN (UINT64_C(16) << 10)
#define RG_JOURNAL_SIZE_MAX (UINT64_C(1) << 30)
#define RG_JOURNAL_RECORD_MAX (UINT64_C(1536) << 10) /* bytes of a payload */
#define RG_JOURNAL_TYPE_MAX 0xEF /* types are 1 to this; above are the journal's own */

struct rg_journal; /* opaque */

/* What was found on opening or scanning. */
struct rg_journal_info {
    uint64_t generation; /* replayed one */
    uint64_t records;    /* replayed ones */
    uint64_t used;       /* bytes of the active file that count */
    bool created;        /* there was no journal before */
    bool torn;           /* a torn tail was cut off (scan: would be), at bad_offset */
    bool turn_cut;       /* an unfinished turn was dropped, the older file counts */
    char file;           /* 'a' or 'b': the active one; on RG_ERR_CORRUPT the damaged one */
    uint64_t bad_offset; /* torn or RG_ERR_CORRUPT: where in that file */
};

/* A replayed record. @payload is borrowed for the call. An error stops and is handed on. */
typedef rg_err (*rg_journal_fn)(void *ctx, uint8_t type, struct rg_bytes payload);

/* The same for a scan. */
struct rg_journal_record {
    uint64_t generation;
    uint64_t offset; /* in the file */
    uint8_t type;
    struct rg_bytes payload;
};
typedef rg_err (*rg_journal_scan_fn)(void *ctx, const struct rg_journal_record *record);

/* Open the journal in folder @dir (made 0700 when missing), or create it with two files of @size
 * bytes each (0: RG_JOURNAL_SIZE_DEFAULT; an existing journal keeps its size), then replay into
 * @fn. All was checked before the first call of @fn. @out_info is also filled on RG_ERR_CORRUPT.
 * Errors: RG_ERR_CORRUPT  damage that is no torn tail, or one of the files is missing or too short;
 *         RG_ERR_VERSION  written by a newer format; RG_ERR_INVALID @size; RG_ERR_DENIED;
 * RG_ERR_NOMEM; RG_ERR_DISK_FULL creation; RG_ERR_IO; RG_ERR_SYSTEM; any error of @fn. */
RG_CHECKED rg_err rg_journal_open(const char *dir, uint64_t size, rg_journal_fn fn, void *ctx,
                                  struct rg_journal_info *out_info, struct rg_journal **out);
/* Seal, close and set *@j to NULL; NULL is accepted. Records appended but not synced may be lost,
 * and a turn under way is dropped. */
void rg_journal_close(struct rg_journal **j);

/* Append one record of @count parts, copied. Not durable before rg_journal_sync() returns.
 * Errors: RG_ERR_FULL     no room in this file: turn (in a turn: what is live does not fit);
 *         RG_ERR_INVALID  longer than RG_JOURNAL_RECORD_MAX, or a type out of range;
 *         RG_ERR_IO       latched, or now. */
RG_CHECKED rg_err rg_journal_append(struct rg_journal *j, uint8_t type,
                                    const struct rg_bytes *parts, size_t count);
/* Make all that was appended durable: at most one fdatasync, none when there is nothing.
 * Errors: RG_ERR_IO (latches); RG_ERR_USAGE in a turn, nothing may leave before its end. */
RG_CHECKED rg_err rg_journal_sync(struct rg_journal *j);
/* Sync, and mark that all before was durable, so that later damage to it is told from a torn tail.
 * For idle moments; one more fdatasync, none when nothing was appended since the last seal. Errors:
 * as rg_journal_sync(). */
RG_CHECKED rg_err rg_journal_seal(struct rg_journal *j);

/* Begin a turn: syncs, then appends go to the other file until rg_journal_turn_end(). The caller
 * appends all that is live. A crash before the end keeps the old file.
 * Errors: RG_ERR_USAGE in a turn already; RG_ERR_IO. */
RG_CHECKED rg_err rg_journal_turn_begin(struct rg_journal *j);
/* End the turn: the checkpoint is durable and counts.
 * Errors: RG_ERR_USAGE not in a turn; RG_ERR_IO. */
RG_CHECKED rg_err rg_journal_turn_end(struct rg_journal *j);
/* Drop a turn that did not fit: the old file goes on. Nothing when not in a turn.
 * Errors: RG_ERR_IO. */
RG_CHECKED rg_err rg_journal_turn_abort(struct rg_journal *j);

/* Bytes used in the file that appends go to, and its size. */
uint64_t rg_journal_used(const struct rg_journal *j);
uint64_t rg_journal_capacity(const struct rg_journal *j);
/* Bytes that a record of @len payload bytes takes in a file. */
uint64_t rg_journal_cost(uint64_t len);
/* Whether a record of @len payload bytes fits now. */
bool rg_journal_fits(const struct rg_journal *j, uint64_t len);
/* Whether an error of the disk has latched. */
bool rg_journal_failed(const struct rg_journal *j);

/* Read the journal of a stopped node and write nothing. All records of the generation that counts
 * go to @fn (may be NULL), in order, up to the damage if there is any. @out_info is also filled on
 * RG_ERR_CORRUPT.
 * Errors: RG_ERR_NOT_FOUND no journal; otherwise as rg_journal_open(). */
RG_CHECKED rg_err rg_journal_scan(const char *dir, rg_journal_scan_fn fn, void *ctx,
                                  struct rg_journal_info *out_info);

#endif /* RG_STORAGE_JOURNAL_H */
