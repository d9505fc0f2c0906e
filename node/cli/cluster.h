/* A test network of real nodes on this machine: its folder, its processes. DIR/cluster.yaml is what
 * is known about it; DIR/nodeI/ (I from 1) holds node.yaml, profile.yaml, keys (of the node, a
 * member, and the agency's administration), genesis.bin, data, log, pid. One thread; nothing here
 * is used by a node. */
#ifndef RG_CLI_CLUSTER_H
#define RG_CLI_CLUSTER_H

#include "base/err.h"
#include "base/limits.h"
#include "node/cli/cli.h"
#include <sys/types.h>

#define RG_CLUSTER_NODES_MAX 20
#define RG_CLUSTER_PORTS 10 /* of one node, five used */
#define RG_CLUSTER_FIRST_PORT 17000
#define RG_CLUSTER_LAST_PORT 32000

struct rg_cluster {
    char dir[RG_CLI_PATH_MAX]; /* absolute */
    uint32_t nodes;
    uint16_t base_port; /* node I uses base_port + 10 * (I - 1) + 1 .. + 5 */
    bool line;          /* topology 1-2-3-..., relayed; else everybody with everybody */
    bool test_hooks;
    uint64_t tick_ms;
    char agencies[RG_CLUSTER_NODES_MAX][RG_NAME_MAX + 1];
};

/* State of a node's process. */
enum rg_cluster_state {
    RG_CLUSTER_DOWN,
    RG_CLUSTER_RUNNING,
    RG_CLUSTER_PAUSED
};

/* cluster_dir.c: the folder. Functions returning int give 0 or an exit code and say on stderr why.
 */

/* Make @dir absolute into @c->dir; it need not exist. */
int rg_cluster_locate(struct rg_cluster *c, const char *dir);
/* Whether the located folder holds a network. */
bool rg_cluster_exists(const struct rg_cluster *c);
/* Read cluster.yaml of the located folder. */
int rg_cluster_load(struct rg_cluster *c);
/* A command on the network in @dir: locate it, be ready to ask its nodes, load. The caller ends
 * with rg_session_finish. */
int rg_cluster_open(struct rg_cluster *c, const char *dir);
/* Read @arg as the number of one of its nodes (from 1) into @out. */
int rg_cluster_node(const struct rg_cluster *c, const char *arg, uint32_t *out);
/* Write cluster.yaml. */
int rg_cluster_save(const struct rg_cluster *c);
/* The path of @name in node @i's folder (from 1). */
void rg_cluster_path(const struct rg_cluster *c, uint32_t i, const char *name,
                     char out[RG_CLI_PATH_MAX]);
/* Name the agencies: @list (comma separated) or BAMF, LDS-SN, AG3, ... */
int rg_cluster_name_agencies(struct rg_cluster *c, const char *list);
/* Find a block of free ports from @base_port on, or check the one that @wanted (not 0) names. */
int rg_cluster_pick_ports(struct rg_cluster *c, uint16_t wanted);

/* cluster_make.c: everything that is in the folder before the first start: keys, genesis with the
 * process definition @yaml, configurations, profiles. */
int rg_cluster_make(struct rg_cluster *c, struct rg_bytes yaml);

/* cluster_proc.c: the processes. A pid is only trusted or signalled when /proc says that it is
 * reigend with this node's configuration. */

/* State and pid (0: none) of node @i. */
enum rg_cluster_state rg_cluster_state(const struct rg_cluster *c, uint32_t i, pid_t *out_pid);
/* Start node @i in a session of its own, output to its log. */
int rg_cluster_spawn(const struct rg_cluster *c, uint32_t i);
/* Send @sig to node @i. False: it does not run. */
bool rg_cluster_signal(const struct rg_cluster *c, uint32_t i, int sig);
/* Wait until node @i is gone and its data folder free, at most @timeout_ms. */
bool rg_cluster_gone(const struct rg_cluster *c, uint32_t i, int64_t timeout_ms);
/* End all nodes: SIGTERM, then SIGKILL after ten seconds. */
void rg_cluster_stop(const struct rg_cluster *c);
/* The last lines of node @i's log to stderr. */
void rg_cluster_show_log(const struct rg_cluster *c, uint32_t i);

/* cluster_wait.c: asking the nodes. */

/* Wait until every node answers with the same height and sees all others live. */
int rg_cluster_wait_all(const struct rg_cluster *c, int64_t timeout_ms);
/* Wait until node @i answers. */
int rg_cluster_wait_one(const struct rg_cluster *c, uint32_t i, int64_t timeout_ms);

/* cluster_cut.c: connections that are cut (node/cut.h): nodeI/cut.yaml, on both sides. */

struct rg_cluster_cuts {
    bool cut[RG_CLUSTER_NODES_MAX][RG_CLUSTER_NODES_MAX]; /* from 0; the same both ways */
};
/* What is cut now. */
int rg_cluster_cuts_read(const struct rg_cluster *c, struct rg_cluster_cuts *out);
/* Cut these and no others: writes the files, tells the nodes that run, and waits until each has
 * said that it is so; a paused one gets to know when it goes on, one that is down at its start. */
int rg_cluster_cuts_set(const struct rg_cluster *c, const struct rg_cluster_cuts *cuts);

#endif /* RG_CLI_CLUSTER_H */
