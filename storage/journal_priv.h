/* The inside of the journal, shared by the files journal*.c and by nobody else. */
#ifndef RG_STORAGE_JOURNAL_PRIV_H
#define RG_STORAGE_JOURNAL_PRIV_H

#include "storage/journal.h"
#include "storage/journal_image.h"

/* Room to gather records between syncs: the longest record and then some. */
#define RG_JOURNAL_BUFFER (UINT64_C(2) << 20)

/* Where appends stand in one file. */
struct rg_journal_pos {
    uint64_t generation;
    uint64_t used;    /* end of the last record, gathered ones included */
    uint64_t durable; /* up to here synced */
    uint32_t number;  /* of the last record */
    bool unsealed;    /* something durable has no later record to prove it */
};

struct rg_journal {
    int fds[2]; /* `a`, `b` */
    uint64_t size;
    struct rg_hash salt;
    int target; /* index of the file that appends go to */
    bool turning;
    bool failed;
    struct rg_journal_pos pos;
    struct rg_journal_pos saved; /* of the old file, while turning */
    uint8_t *buf;
    size_t buf_len;
    uint64_t buf_at; /* offset in the file of the first gathered byte */
};

/* Both files, opened and read. */
struct rg_journal_files {
    int fds[2];
    uint64_t size;
    uint8_t *data[2];
    struct rg_journal_image images[2];
    int chosen;
};

/* Open and read both files, inspect them and choose; @info is also filled on RG_ERR_CORRUPT. Both
 * are still open then, unless they could not be. Errors: RG_ERR_NOT_FOUND there is no journal, or
 * one whose creation did not end; as rg_journal_open(). */
RG_CHECKED rg_err rg_journal_files__open(const char *dir, bool writable,
                                         struct rg_journal_info *info,
                                         struct rg_journal_files *out);
/* Make both files and their names durable, `a` last: it says that the creation ended.
 * Errors: RG_ERR_DISK_FULL, RG_ERR_DENIED, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_journal_files__create(const char *dir, uint64_t size);
/* Free the bytes; close what is still open (fds not -1). */
void rg_journal_files__close(struct rg_journal_files *f);
/* One file's bytes. */
struct rg_bytes rg_journal_files__bytes(const struct rg_journal_files *f, int index);

#endif /* RG_STORAGE_JOURNAL_PRIV_H */
