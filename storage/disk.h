/* Data folders and plain files: private folders whose creation survives a power cut, the lock that
 * keeps a second process out, the kind of file system below, and whole reads and writes.
 *
 * Knows no format and no library. Thread: any; a lock belongs to whoever holds the pointer. Keeps
 * no state of its own. Folders above the data folder are the caller's business. */
#ifndef RG_STORAGE_DISK_H
#define RG_STORAGE_DISK_H

#include "base/err.h"
#include "base/types.h"

#define RG_DISK_PATH_MAX 1024 /* bytes of a path with its NUL; longer ones are refused */

/* What the folder rests on. Only LOCAL keeps what was synced and locks what was locked. */
enum rg_disk_kind {
    RG_DISK_NONE = 0,
    RG_DISK_LOCAL,   /* any other file system, taken to be a disk of this machine */
    RG_DISK_MEMORY,  /* tmpfs or ramfs: gone after a restart */
    RG_DISK_OVERLAY, /* a container's layer: gone with the container */
    RG_DISK_NETWORK, /* NFS, SMB, 9p, Ceph, AFS: locks and memory maps are not to be trusted */
    RG_DISK_FUSE     /* a user process answers: anything may happen */
};

/* A held lock file. Opaque. */
struct rg_disk_lock;

/* Write "@dir/@name" and a NUL to @out.
 * Errors: RG_ERR_INVALID  empty or longer than RG_DISK_PATH_MAX; @out is untouched. */
RG_CHECKED rg_err rg_disk_join(const char *dir, const char *name, char out[RG_DISK_PATH_MAX]);

/* Make the folder @path, mode 0700, and sync its parent, so that it is there after a power cut. The
 * parent must exist. A folder that is there already is accepted when it belongs to this user and
 * nobody else may read or write in it.
 * Errors: RG_ERR_DENIED     no permission, another owner, open to others, or not a folder;
 *         RG_ERR_NOT_FOUND  the parent does not exist;
 *         RG_ERR_DISK_FULL, RG_ERR_IO, RG_ERR_SYSTEM  the system said so. */
RG_CHECKED rg_err rg_disk_make_dir(const char *path);

/* Take the lock of the data folder @dir (file `lock` in it, mode 0600, made when missing). It ends
 * with rg_disk_unlock() or with the process; a killed process leaves no stale lock. The descriptor
 * is close-on-exec; do not fork without exec while holding it.
 * Errors: RG_ERR_BUSY       another process (or another call in this one) holds it;
 *         RG_ERR_NOT_FOUND  no such folder; RG_ERR_DENIED  no permission or no plain file;
 *         RG_ERR_NOMEM, RG_ERR_DISK_FULL, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_disk_lock(const char *dir, struct rg_disk_lock **out);
/* Give the lock back, free it and set *@lock to NULL; NULL is accepted. */
void rg_disk_unlock(struct rg_disk_lock **lock);

/* Tell what @path rests on (statfs). Deciding is the program's task: production refuses all but
 * LOCAL. Errors: RG_ERR_NOT_FOUND, RG_ERR_DENIED, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_disk_kind(const char *path, enum rg_disk_kind *out);
/* Return the English name of @kind ("memory file system", ...); never NULL. */
const char *rg_disk_kind_text(enum rg_disk_kind kind);
/* Give the bytes that this user can still write below @path.
 * Errors: as rg_disk_kind(). */
RG_CHECKED rg_err rg_disk_free_bytes(const char *path, uint64_t *out);

/* Sync the folder @path, so that names made, renamed or removed in it survive a power cut.
 * Errors: RG_ERR_NOT_FOUND, RG_ERR_DENIED, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_disk_sync_dir(const char *path);
/* Write zeros over bytes [@from, @to) of the open file @fd and fdatasync it. Real zeros, not holes:
 * an overwrite of written blocks is 2 to 7 times as fast to sync as one that allocates them.
 * Errors: RG_ERR_DISK_FULL  no space or over a file size limit; RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_disk_zero(int fd, uint64_t from, uint64_t to);
/* Write all @len bytes at @offset (pwrite, repeated after a short write or a signal).
 * Errors: RG_ERR_DISK_FULL  no space, quota or file size limit; RG_ERR_IO, RG_ERR_SYSTEM; what part
 * was written is then unknown. */
RG_CHECKED rg_err rg_disk_write(int fd, const uint8_t *data, size_t len, uint64_t offset);
/* Read exactly @len bytes at @offset.
 * Errors: RG_ERR_SHORT  the file ends before; RG_ERR_IO, RG_ERR_SYSTEM; @out is then undefined. */
RG_CHECKED rg_err rg_disk_read(int fd, uint8_t *out, size_t len, uint64_t offset);
/* Map an errno value to an error; the only place where that is done for files. */
rg_err rg_disk_err(int sys_errno);

#endif /* RG_STORAGE_DISK_H */
