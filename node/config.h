/* node.yaml: what a node is told at start, together with the genesis it names. Read once, checked
 * as a whole; every error says file, line, what is wrong and what to do. Unknown keys are errors.
 *
 * Owner: main. Reads files, starts nothing; whether folders rest on a disk is main's check. */
#ifndef RG_NODE_CONFIG_H
#define RG_NODE_CONFIG_H

#include "base/err.h"
#include "ledger/genesis.h"
#include "node/bus/peers.h"
#include "rules/yaml.h"
#include "storage/disk.h"

struct rg_config {
    char ledger[RG_NAME_MAX + 1];
    char name[RG_NAME_MAX + 1]; /* of the principal */
    char genesis_path[RG_DISK_PATH_MAX];
    char key_path[RG_DISK_PATH_MAX];
    char data[RG_DISK_PATH_MAX];
    char cut[RG_DISK_PATH_MAX];    /* cut.yaml beside the file read (node/cut.h) */
    char rules[RG_DISK_PATH_MAX];  /* program of the rules host; empty: beside this program */
    char module[RG_DISK_PATH_MAX]; /* rules module or script for it; empty: the bundled one alone */
    int64_t key_lifetime_ms;       /* how old keys may become before somebody is told */
    bool cluster;
    bool relay;
    struct rg_peers_address listen;
    uint16_t api;
    uint16_t events;
    size_t peer_count;
    struct rg_peers_address peers[RG_AUTHORITIES_MAX - 1];
    uint32_t principal; /* index in the genesis */
    uint16_t place;     /* among the nodes */
    struct rg_genesis genesis;
    uint8_t genesis_bytes[RG_GENESIS_MAX];
    size_t genesis_len;
};

/* Read the file at @path and the genesis it names. Paths in it are relative to its folder. On
 * failure
 * @err holds lines `FILE:LINE:COL: what; what to do`. Gives @out, freed with rg_config_destroy.
 * Errors: RG_ERR_NOT_FOUND, RG_ERR_DENIED, RG_ERR_IO  a file cannot be read;
 *         RG_ERR_INVALID  something in a file is wrong; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_config_load(const char *path, struct rg_config **out,
                                 char err[RG_YAML_ERROR_MAX]);
/* Free; takes *@c_p and nulls it; NULL is fine. */
void rg_config_destroy(struct rg_config **c_p);

#endif /* RG_NODE_CONFIG_H */
