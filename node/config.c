#include "node/config.h"
#include "base/bytes.h"
#include "base/num.h"
#include "proto/genesis_codec.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_LIFETIME_MS (INT64_C(730) * 24 * 3600 * 1000) /* two years */

/* A node.yaml being read. */
struct reading {
    struct rg_yaml *doc;
    const char *file;
    struct rg_config *c;
};

/* @value relative to the folder of the file @file, to @out. False: too long. */
static bool join(const char *file, const char *value, char out[RG_DISK_PATH_MAX])
{
    const char *slash = strrchr(file, '/');
    const int folder = value[0] != '/' && slash != NULL ? (int)(slash - file + 1) : 0;
    const int len = snprintf(out, RG_DISK_PATH_MAX, "%.*s%s", folder, file, value);
    if (len < 0 || len >= RG_DISK_PATH_MAX) {
        out[0] = '\0';
        return false;
    }
    return true;
}

static void take_path(struct reading *r, const char *key, bool required, char out[RG_DISK_PATH_MAX])
{
    const struct rg_yaml_node *root = rg_yaml_root(r->doc);
    const char *value = rg_yaml_str(r->doc, root, key, RG_DISK_PATH_MAX - 1, required);
    if (value != NULL && !join(r->file, value, out)) {
        rg_yaml_report(r->doc, rg_yaml_get(root, key), "the path is too long; use at most %d bytes",
                       RG_DISK_PATH_MAX - 1);
    }
}

static void take_name(struct reading *r, const struct rg_yaml_node *map, const char *key, char *out)
{
    const char *value = rg_yaml_str(r->doc, map, key, RG_NAME_MAX, true);
    if (value != NULL) {
        (void)snprintf(out, RG_NAME_MAX + 1, "%s", value);
    }
}

static void take_host(struct reading *r, const struct rg_yaml_node *map, char *out)
{
    char endpoint[RG_SOCKET_ENDPOINT_MAX];
    const char *value = rg_yaml_str(r->doc, map, "host", RG_SOCKET_HOST_MAX, true);
    if (value == NULL) {
        return;
    }
    if (rg_socket_endpoint(value, 1, endpoint) != RG_OK) {
        rg_yaml_report(r->doc, rg_yaml_get(map, "host"),
                       "this is no host; give a name or an address without tcp:// and port");
        return;
    }
    (void)snprintf(out, RG_SOCKET_HOST_MAX + 1, "%s", value);
}

static uint16_t take_port(struct reading *r, const struct rg_yaml_node *map, const char *key)
{
    static const uint64_t range[2] = {1, UINT16_MAX};
    if (map != NULL && rg_yaml_get(map, key) == NULL) {
        rg_yaml_report(r->doc, map, "`%s` is missing; give a port from 1 to 65535", key);
    }
    return (uint16_t)rg_yaml_u64(r->doc, map, key, range, 0);
}

static void take_listen(struct reading *r)
{
    static const char *const keys[] = {"host", "votes", "bulk", "sync", "api", "events"};
    const struct rg_yaml_node *map = rg_yaml_map(r->doc, rg_yaml_root(r->doc), "listen", true);
    if (map == NULL) {
        return;
    }
    rg_yaml_only(r->doc, map, keys, sizeof keys / sizeof keys[0]);
    struct rg_config *c = r->c;
    take_host(r, map, c->listen.host);
    c->listen.votes = take_port(r, map, "votes");
    c->listen.bulk = take_port(r, map, "bulk");
    c->listen.sync = take_port(r, map, "sync");
    c->api = take_port(r, map, "api");
    c->events = take_port(r, map, "events");
    const uint16_t port[] = {c->listen.votes, c->listen.bulk, c->listen.sync, c->api, c->events};
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = i + 1; j < 5; j++) {
            if (port[i] != 0 && port[i] == port[j]) {
                rg_yaml_report(r->doc, rg_yaml_get(map, keys[j + 1]),
                               "port %u stands twice; give every socket a port of its own",
                               (unsigned)port[i]);
            }
        }
    }
}

/* The place among the nodes of the principal named at @map's key `principal`. */
static bool find_place(struct reading *r, const struct rg_yaml_node *map, const char *name,
                       uint32_t *out_principal, uint16_t *out)
{
    const struct rg_genesis *g = &r->c->genesis;
    const struct rg_yaml_node *node = rg_yaml_get(map, "principal");
    const uint32_t principal = rg_genesis_find_principal(g, name);
    if (principal == UINT32_MAX) {
        rg_yaml_report(r->doc, node,
                       "the genesis has no principal `%s`; look at its list of members", name);
        return false;
    }
    const uint32_t place = rg_genesis_place_of(g, principal);
    if (place >= RG_AUTHORITIES_MAX) {
        rg_yaml_report(r->doc, node, "`%s` is no node of this ledger; name the principal of a node",
                       name);
        return false;
    }
    *out_principal = principal;
    *out = (uint16_t)place;
    return true;
}

static bool is_peer(const struct rg_config *c, uint16_t place)
{
    for (size_t i = 0; i < c->peer_count; i++) {
        if (c->peers[i].place == place) {
            return true;
        }
    }
    return false;
}

static void take_peer(struct reading *r, const struct rg_yaml_node *map)
{
    static const char *const keys[] = {"principal", "host", "votes", "bulk", "sync"};
    char name[RG_NAME_MAX + 1] = "";
    struct rg_peers_address a = {.host = ""};
    uint32_t principal = 0;
    rg_yaml_only(r->doc, map, keys, sizeof keys / sizeof keys[0]);
    take_name(r, map, "principal", name);
    take_host(r, map, a.host);
    a.votes = take_port(r, map, "votes");
    a.bulk = take_port(r, map, "bulk");
    a.sync = take_port(r, map, "sync");
    if (rg_yaml_failed(r->doc) || !find_place(r, map, name, &principal, &a.place)) {
        return;
    }
    if (a.place == r->c->place || is_peer(r->c, a.place)) {
        rg_yaml_report(r->doc, rg_yaml_get(map, "principal"),
                       "`%s` is this node itself or stands twice; remove this peer", name);
        return;
    }
    r->c->peers[r->c->peer_count++] = a;
}

static void take_peers(struct reading *r)
{
    const struct rg_yaml_node *root = rg_yaml_root(r->doc);
    const bool alone = rg_genesis_node_count(&r->c->genesis) == 1;
    const struct rg_yaml_node *list = rg_yaml_list(r->doc, root, "peers", !alone);
    if (list != NULL && list->count >= RG_AUTHORITIES_MAX) {
        rg_yaml_report(r->doc, list, "too many peers; at most %d", RG_AUTHORITIES_MAX - 1);
        return;
    }
    for (const struct rg_yaml_node *p = rg_yaml_first(list); p != NULL; p = rg_yaml_next(p)) {
        take_peer(r, p);
    }
}

/* Read the file named by `genesis`, all of it. */
static rg_err read_genesis(struct rg_config *c)
{
    const int fd = open(c->genesis_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return errno == ENOENT ? RG_ERR_NOT_FOUND : RG_ERR_DENIED;
    }
    struct stat st;
    rg_err err = RG_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        err = RG_ERR_IO;
    } else if (st.st_size <= 0 || st.st_size > RG_GENESIS_MAX) {
        err = RG_ERR_INVALID;
    } else {
        c->genesis_len = (size_t)st.st_size;
        err = rg_disk_read(fd, c->genesis_bytes, c->genesis_len, 0);
    }
    (void)close(fd);
    return err;
}

static rg_err take_genesis(struct reading *r)
{
    struct rg_config *c = r->c;
    const struct rg_yaml_node *root = rg_yaml_root(r->doc);
    const struct rg_yaml_node *node = rg_yaml_get(root, "genesis");
    const char *why = "it is empty or too large";
    rg_err err = read_genesis(c);
    if (err == RG_OK) {
        const struct rg_bytes bytes = {c->genesis_bytes, c->genesis_len};
        err = rg_genesis_codec_decode(bytes, &c->genesis, &why);
    } else if (err != RG_ERR_INVALID) {
        rg_yaml_report(r->doc, node, "%s: %s; put the ledger's genesis there", c->genesis_path,
                       rg_err_text(err));
        return err;
    }
    if (err != RG_OK) {
        rg_yaml_report(r->doc, node, "%s is no genesis: %s; copy it again from another member",
                       c->genesis_path, why);
        return err;
    }
    if (strcmp(c->ledger, c->genesis.name) != 0) {
        rg_yaml_report(r->doc, rg_yaml_get(root, "ledger"),
                       "the genesis is of ledger `%s`, not `%s`; change one of them",
                       c->genesis.name, c->ledger);
        return RG_ERR_INVALID;
    }
    return RG_OK;
}

static rg_err take_all(struct reading *r)
{
    static const char *const keys[] = {"ledger", "principal", "genesis", "key",
                                       "data",   "cluster",   "relay",   "listen",
                                       "peers",  "rules",     "module",  "key_lifetime"};
    struct rg_config *c = r->c;
    const struct rg_yaml_node *root = rg_yaml_root(r->doc);
    rg_yaml_only(r->doc, root, keys, sizeof keys / sizeof keys[0]);
    take_name(r, root, "ledger", c->ledger);
    take_name(r, root, "principal", c->name);
    take_path(r, "genesis", true, c->genesis_path);
    take_path(r, "key", true, c->key_path);
    take_path(r, "data", true, c->data);
    take_path(r, "rules", false, c->rules);
    take_path(r, "module", false, c->module);
    if (!join(r->file, "cut.yaml", c->cut)) {
        rg_yaml_report(r->doc, NULL, "the path of this file is too long");
    }
    c->key_lifetime_ms = rg_yaml_duration(r->doc, root, "key_lifetime", KEY_LIFETIME_MS);
    c->cluster = rg_yaml_bool(r->doc, root, "cluster", false);
    c->relay = rg_yaml_bool(r->doc, root, "relay", false);
    take_listen(r);
    if (rg_yaml_failed(r->doc)) {
        return RG_ERR_INVALID;
    }
    const rg_err err = take_genesis(r);
    if (err != RG_OK) {
        return err;
    }
    if (find_place(r, root, c->name, &c->principal, &c->place)) {
        take_peers(r);
    }
    return rg_yaml_failed(r->doc) ? RG_ERR_INVALID : RG_OK;
}

rg_err rg_config_load(const char *path, struct rg_config **out, char err[RG_YAML_ERROR_MAX])
{
    struct reading r = {.file = path, .c = calloc(1, sizeof *r.c)};
    if (r.c == NULL) {
        (void)snprintf(err, RG_YAML_ERROR_MAX, "out of memory");
        return RG_ERR_NOMEM;
    }
    rg_err result = rg_yaml_load(path, &r.doc, err);
    if (result == RG_OK) {
        result = take_all(&r);
        if (result != RG_OK) {
            (void)snprintf(err, RG_YAML_ERROR_MAX, "%s", rg_yaml_errors(r.doc));
        }
        rg_yaml_destroy(&r.doc);
    }
    if (result != RG_OK) {
        rg_config_destroy(&r.c);
        return result;
    }
    *out = r.c;
    return RG_OK;
}

void rg_config_destroy(struct rg_config **c_p)
{
    if (c_p != NULL) {
        free(*c_p);
        *c_p = NULL;
    }
}
