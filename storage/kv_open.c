#include "storage/disk.h"
#include "storage/kv_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that says: the environment beside it was complete once. Without it LMDB would take an
 * emptied data.mdb for a new one, and the node would start over with nothing. */
#define MARKER "complete"

static bool options_are_valid(const struct rg_kv_options *o)
{
    if (o->dir == NULL || o->tables_count == 0 || o->tables_count > RG_KV_TABLES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < o->tables_count; i++) {
        const size_t len = strlen(o->tables[i]);
        if (len == 0 || len >= RG_KV_NAME_CAP) {
            return false;
        }
    }
    return true;
}

/* Look at the folder before LMDB does: whether a store is there, and is not an emptied one. */
static rg_err look(const char *dir, bool *out_is_new)
{
    char data[RG_DISK_PATH_MAX];
    char marker[RG_DISK_PATH_MAX];
    rg_err e = rg_disk_join(dir, "data.mdb", data);
    if (e == RG_OK) {
        e = rg_disk_join(dir, MARKER, marker);
    }
    if (e != RG_OK) {
        return e;
    }
    struct stat st;
    const bool is_new = access(marker, F_OK) != 0;
    if (is_new && errno != ENOENT) {
        return rg_disk_err(errno);
    }
    const bool has_data = stat(data, &st) == 0 && st.st_size > 0;
    if (!is_new && !has_data) {
        return RG_ERR_CORRUPT;
    }
    *out_is_new = is_new;
    return RG_OK;
}

/* LMDB maps what its newest meta page names; a shorter file would be a SIGBUS on the first read. */
static rg_err check_size(struct rg_kv *kv, int fd)
{
    MDB_envinfo info;
    MDB_stat ms;
    struct stat st;
    if (mdb_env_info(kv->env, &info) != 0 || mdb_env_stat(kv->env, &ms) != 0 ||
        fstat(fd, &st) != 0) {
        return RG_ERR_SYSTEM;
    }
    uint64_t need = 0;
    if (ms.ms_psize < 512 ||
        __builtin_mul_overflow((uint64_t)info.me_last_pgno + 1, (uint64_t)ms.ms_psize, &need)) {
        return RG_ERR_CORRUPT;
    }
    return (uint64_t)st.st_size >= need ? RG_OK : RG_ERR_CORRUPT;
}

static rg_err open_tables(struct rg_kv *kv)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(kv->env, NULL, kv->read_only ? MDB_RDONLY : 0, &txn);
    for (uint32_t i = 0; rc == 0 && i < kv->tables_count; i++) {
        rc = mdb_dbi_open(txn, kv->names[i], kv->read_only ? 0 : MDB_CREATE, &kv->dbis[i]);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc == MDB_NOTFOUND ? RG_ERR_INVALID : rg_kv__err_of(kv, rc);
    }
    return rg_kv__err_of(kv, mdb_txn_commit(txn));
}

/* LMDB syncs neither the folder nor its first pages when it makes the file. */
static rg_err make_durable(struct rg_kv *kv, const char *dir, int fd)
{
    char marker[RG_DISK_PATH_MAX];
    rg_err e = rg_kv__err_of(kv, mdb_env_sync(kv->env, 1));
    if (e == RG_OK && fsync(fd) != 0) {
        e = rg_disk_err(errno);
    }
    if (e == RG_OK) {
        e = rg_disk_sync_dir(dir);
    }
    if (e == RG_OK) {
        e = rg_disk_join(dir, MARKER, marker);
    }
    if (e != RG_OK) {
        return e;
    }
    const int marker_fd = open(marker, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (marker_fd < 0) {
        return rg_disk_err(errno);
    }
    (void)close(marker_fd);
    return rg_disk_sync_dir(dir);
}

static rg_err open_env(struct rg_kv *kv, const char *dir, bool is_new)
{
    int rc = mdb_env_create(&kv->env);
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(kv->env, RG_KV_TABLES_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(kv->env, RG_KV_READERS_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(kv->env, kv->map_bytes);
    }
    if (rc == 0) {
        /* Never WRITEMAP (SIGBUS on a full disk), NOSYNC or NOMETASYNC (lose commits). A reader of
         * a stopped node holds the folder's lock and needs no reader table. */
        rc = mdb_env_open(kv->env, dir, MDB_NOTLS | (kv->read_only ? MDB_RDONLY | MDB_NOLOCK : 0u),
                          0600);
    }
    if (rc != 0) {
        return rg_kv__err_of(kv, rc);
    }
    int fd = -1;
    if (mdb_env_get_fd(kv->env, &fd) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return RG_ERR_SYSTEM;
    }
    rg_err e = check_size(kv, fd);
    if (e == RG_OK) {
        e = open_tables(kv);
    }
    if (e == RG_OK && is_new) {
        e = make_durable(kv, dir, fd);
    }
    return e;
}

rg_err rg_kv_open(const struct rg_kv_options *o, struct rg_kv **out)
{
    bool is_new = false;
    if (!options_are_valid(o)) {
        return RG_ERR_INVALID;
    }
    rg_err e = o->read_only ? RG_OK : rg_disk_make_dir(o->dir);
    if (e == RG_OK) {
        e = look(o->dir, &is_new);
    }
    if (e == RG_OK && is_new && o->read_only) {
        e = RG_ERR_NOT_FOUND;
    }
    if (e != RG_OK) {
        return e;
    }
    struct rg_kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL) {
        return RG_ERR_NOMEM;
    }
    kv->tables_count = o->tables_count;
    kv->read_only = o->read_only;
    kv->map_bytes = o->map_bytes != 0 ? o->map_bytes : RG_KV_MAP_DEFAULT;
    for (uint32_t i = 0; i < o->tables_count; i++) {
        memcpy(kv->names[i], o->tables[i], strlen(o->tables[i]) + 1);
    }
    e = open_env(kv, o->dir, is_new);
    if (e != RG_OK) {
        rg_kv_close(&kv);
        return e;
    }
    *out = kv;
    return RG_OK;
}
