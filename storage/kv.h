/* Named tables of keys and values in one LMDB environment (a folder with data.mdb and lock.mdb):
 * one writer at a time, readers in any thread that see the state as of their begin, commits durable
 * when rg_kv_commit() returns.
 *
 * LMDB has no page checksums; four of five flipped bits would read as a valid, wrong value. So each
 * value is stored as `value | 16-byte checksum over (table name, key, value)` and checked on every
 * read: a wrong one is RG_ERR_CORRUPT, and rg_kv_damage() says where. Keys compare as bytes. A key
 * that damage has made unreachable looks missing here: owners check their own numbering, and
 * rg_kv_check() compares walk, look-up and count.
 *
 * An error of the disk (EIO, LMDB's panic) latches: every later call fails with RG_ERR_IO, since
 * what the kernel still holds is unknown; the program must end and check at its next start. A full
 * disk or map does not latch: the write transaction is lost, the store goes on.
 *
 * LMDB follows the page numbers and lengths that it finds in its file. Damage to those, not to
 * values, may therefore end in SIGBUS; a program that reads a store it does not trust handles that
 * signal (by ending) or reads in a child process.
 *
 * Threads: open, close and write transactions belong to one thread (the owner); read transactions
 * may be begun and used in any thread, each by one thread at a time. Readers must be short: pages
 * that a reader may still see are not reused. Never use a store across fork(); never open one twice
 * in a process. Local file systems only (see disk.h). */
#ifndef RG_STORAGE_KV_H
#define RG_STORAGE_KV_H

#include "base/err.h"
#include "base/types.h"

#define RG_KV_TABLES_MAX 16
#define RG_KV_KEY_MAX 511                    /* bytes; the least is 1 */
#define RG_KV_VALUE_MAX (UINT64_C(16) << 20) /* bytes, without the checksum */
#define RG_KV_CHECKSUM_BYTES 16
#define RG_KV_MAP_DEFAULT                                                                          \
    (UINT64_C(64) << 30) /* virtual: takes address space, no memory and no disk */

struct rg_kv;        /* an open store; opaque */
struct rg_kv_txn;    /* a transaction; opaque */
struct rg_kv_cursor; /* a position in a table; opaque */

struct rg_kv_options {
    const char *dir;           /* made (0700) when missing, unless read_only */
    const char *const *tables; /* names; their index is how all calls name a table */
    uint32_t tables_count;     /* 1 to RG_KV_TABLES_MAX */
    uint64_t map_bytes;        /* first size of the map; 0: RG_KV_MAP_DEFAULT */
    bool read_only;            /* writes nothing at all, not even lock.mdb: the caller must hold the
                                  data folder's lock (rg_disk_lock()), nobody else may write */
};

/* A record; both ranges are borrowed, see rg_kv_get(). */
struct rg_kv_item {
    struct rg_bytes key;
    struct rg_bytes value;
};

/* Where damage was found. Keys may be shown; values never are. */
struct rg_kv_damage {
    const char *table; /* static as long as the store is open */
    size_t key_len;    /* 0: the table itself, not one record */
    uint8_t key[RG_KV_KEY_MAX];
    char key_hex[2 * RG_KV_KEY_MAX + 1];
};

/* Open the store. A new one is durable (file and folder) when this returns. Descriptors are
 * close-on-exec; open before starting other programs all the same. @o is borrowed for the call; the
 * names are copied.
 * Errors: RG_ERR_NOT_FOUND  read_only and not there;
 *         RG_ERR_INVALID    a wrong option, or read_only and a table is missing;
 *         RG_ERR_DENIED     see rg_disk_make_dir();
 *         RG_ERR_CORRUPT    no LMDB file, shorter than its pages, or emptied since it was made;
 *         RG_ERR_VERSION    another LMDB format;
 *         RG_ERR_NOMEM, RG_ERR_DISK_FULL, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_open(const struct rg_kv_options *o, struct rg_kv **out);
/* Close and set *@kv to NULL; NULL is accepted. All transactions must have ended (asserted). */
void rg_kv_close(struct rg_kv **kv);
/* Whether an error of the disk has latched. Thread: any. */
bool rg_kv_failed(const struct rg_kv *kv);
/* Free the slots of readers whose process died; give their number. Call it every minute or so.
 * Errors: RG_ERR_IO latched; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_check_readers(struct rg_kv *kv, uint32_t *out_freed);
/* Give the bytes that the tables take in the file, and the size of the map. Thread: any. */
void rg_kv_usage(struct rg_kv *kv, uint64_t *out_used, uint64_t *out_map);

/* Begin the write transaction; waits for another one of this store. Grows the map first when less
 * than a quarter of it is free; that needs a moment without readers (new ones wait meanwhile), is
 * given up after 0.2 s, or 2 s when there is hardly any room, and tried again next time. So do not
 * begin a write while the same thread reads. Errors: RG_ERR_USAGE read_only; RG_ERR_IO latched;
 * RG_ERR_NOMEM; RG_ERR_DISK_FULL; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_begin_write(struct rg_kv *kv, struct rg_kv_txn **out);
/* Begin a read transaction: a fixed view of the last commit. Thread: any.
 * Errors: RG_ERR_BUSY too many readers (126); RG_ERR_IO latched; RG_ERR_NOMEM, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_begin_read(struct rg_kv *kv, struct rg_kv_txn **out);
/* Make the writes durable, end the transaction and set *@txn to NULL, also on failure: nothing of
 * it is then stored. For a read transaction the same as rg_kv_abort(). Errors: RG_ERR_DISK_FULL;
 * RG_ERR_FULL the map (begin anew: the map then grows); RG_ERR_IO (latches); RG_ERR_USAGE an
 * earlier write of it failed; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_commit(struct rg_kv_txn **txn);
/* Drop the writes, end the transaction, set *@txn to NULL; NULL is accepted. Cursors first. */
void rg_kv_abort(struct rg_kv_txn **txn);

/* Get the value of @key. The range is borrowed: until the transaction ends, and in a write
 * transaction only until its next write. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT (see
 * rg_kv_damage()); RG_ERR_IO; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_get(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key,
                            struct rg_bytes *out);
/* The same, copied to @buf, which has room for @cap bytes.
 * Errors: as rg_kv_get(); RG_ERR_FULL the value is longer than @cap. */
RG_CHECKED rg_err rg_kv_get_copy(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key,
                                 uint8_t *buf, size_t cap, size_t *out_len);
/* Store @value under @key, over an earlier value. Neither range may be one borrowed from this store
 * in the same transaction.
 * Errors: RG_ERR_INVALID a key or value size; RG_ERR_FULL the map or the transaction; RG_ERR_USAGE
 * a read transaction; RG_ERR_NOMEM, RG_ERR_CORRUPT, RG_ERR_DISK_FULL, RG_ERR_IO. After any but
 *         INVALID and USAGE abort. */
RG_CHECKED rg_err rg_kv_put(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key,
                            struct rg_bytes value);
/* The same for a key above all others of the table; much faster for long runs.
 * Errors: as rg_kv_put(); RG_ERR_EXISTS the key is not above the last one. */
RG_CHECKED rg_err rg_kv_append(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key,
                               struct rg_bytes value);
/* Remove @key.
 * Errors: RG_ERR_NOT_FOUND; as rg_kv_put(). */
RG_CHECKED rg_err rg_kv_del(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key);
/* Give the number of records of a table.
 * Errors: RG_ERR_IO, RG_ERR_CORRUPT, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_count(struct rg_kv_txn *txn, uint32_t table, uint64_t *out);

/* Open a cursor on a table; it lives inside @txn and must be closed before that ends.
 * Errors: RG_ERR_NOMEM, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_cursor_open(struct rg_kv_txn *txn, uint32_t table,
                                    struct rg_kv_cursor **out);
/* Close it and set *@c to NULL; NULL is accepted. */
void rg_kv_cursor_close(struct rg_kv_cursor **c);
/* Move to the first record with a key >= @key, to the first, the last, the next or the previous
 * one, and give it, borrowed as with rg_kv_get(). On a fresh cursor next is first and prev is last.
 * Errors: RG_ERR_NOT_FOUND there is none; RG_ERR_CORRUPT; RG_ERR_IO; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_kv_cursor_seek(struct rg_kv_cursor *c, struct rg_bytes key,
                                    struct rg_kv_item *out);
RG_CHECKED rg_err rg_kv_cursor_first(struct rg_kv_cursor *c, struct rg_kv_item *out);
RG_CHECKED rg_err rg_kv_cursor_last(struct rg_kv_cursor *c, struct rg_kv_item *out);
RG_CHECKED rg_err rg_kv_cursor_next(struct rg_kv_cursor *c, struct rg_kv_item *out);
RG_CHECKED rg_err rg_kv_cursor_prev(struct rg_kv_cursor *c, struct rg_kv_item *out);

/* Check a whole table: every checksum, keys in order, each record found by look-up too, as many as
 * the table says. Gives the number of records. Errors: RG_ERR_CORRUPT (see rg_kv_damage()); as the
 * cursor. */
RG_CHECKED rg_err rg_kv_check(struct rg_kv_txn *txn, uint32_t table, uint64_t *out_records);
/* Where the last RG_ERR_CORRUPT of this transaction was; false when there was none, @out is then
 * untouched. */
bool rg_kv_damage(const struct rg_kv_txn *txn, struct rg_kv_damage *out);

#endif /* RG_STORAGE_KV_H */
