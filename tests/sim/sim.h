/* The whole network in one process on a virtual clock: the production core (node/core) of every
 * node, and around it a simulated network, disks, clocks and liars, all driven by one seed. Same
 * seed, same run, to the byte. One thread. */
#ifndef RG_SIM_SIM_H
#define RG_SIM_SIM_H

#include "base/arena.h"
#include "base/prng.h"
#include "consensus/vote.h"
#include "ledger/genesis.h"
#include "node/core/core.h"
#include "proto/peer_codec.h"
#include "sim_crypto.h"
#include "sim_oracle.h"
#include <stdbool.h>
#include <stdint.h>

#define SIM_NODES_MAX 20
#define SIM_WALL_MS UINT64_C(1800000000000)

/* A shared piece of bytes. */
struct sim_buf {
    uint32_t refs;
    size_t len;
    uint64_t digest; /* of data, for the trace; 0: not made yet */
    struct sim_parsed *parsed;
    uint8_t data[];
};

enum sim_event_kind {
    SIM_MESSAGE,  /* buf arrives */
    SIM_TICK,     /* a core's deadline */
    SIM_SYNCED,   /* a journal sync returns; arg: records that are durable now */
    SIM_ARCHIVED, /* arg: height */
    SIM_SUBMIT,   /* the agency hands in an entry */
    SIM_CRASH,
    SIM_RESTART,
    SIM_BLACKOUT,  /* all nodes lose power at once */
    SIM_PARTITION, /* arg: milliseconds until it heals */
    SIM_UNCUT,
    SIM_HEAL,     /* the end of all faults */
    SIM_CAMPAIGN, /* the next blow of the campaign */
    SIM_LOAD,     /* the steady load of the fixture */
    SIM_BALLOT,   /* the agency's admin key votes for motion `arg` */
    SIM_LIE       /* a liar's moment: buf goes to all, to `arg` - 1 if not 0; without buf it acts */
};

struct sim_event {
    uint64_t at_ms;
    uint64_t number; /* order of events of one moment */
    enum sim_event_kind kind;
    uint16_t node;
    uint16_t from;
    bool gossip;
    bool sync;     /* LIE: over sync */
    uint64_t life; /* of the node, for what dies with it */
    uint64_t arg;
    struct sim_buf *buf;
};

struct sim_record {
    uint8_t type;
    struct sim_buf *buf;
};

/* One journal file. */
struct sim_file {
    struct sim_record *list;
    size_t count;
    size_t cap;
};

struct sim_block {
    uint64_t height;
    uint64_t time_ms;
    struct rg_hash hash;
    struct sim_buf *block;
    struct sim_buf *cert; /* NULL: none at this height */
    struct sim_buf *state;
    struct sim_buf *results;
};

/* What waits for a sync. */
struct sim_held {
    struct rg_core_action action; /* bytes point into buf */
    struct sim_buf *buf;
    size_t need; /* records that must be durable */
};

struct sim;
struct sim_node;

/* A packet on its way out. */
struct sim_packet {
    struct sim_buf *buf;
    const struct rg_peer_message *m;
    const struct rg_vote *vote; /* VOTE, and the leader's in PROPOSE; else NULL */
    bool gossip;
    uint16_t from, to; /* to: not for gossip */
};

/* A way to lie: an honest core, and somebody who knows its key, sees the whole network and stands
 * between the core and its surroundings. Every function may be NULL. `variant` of the node, a
 * random number, chooses among the ways to do it. Only while faults last. */
struct sim_liar {
    const char *name;
    uint32_t period_ms; /* of act */
    /* The core wants to send this. True: it does not go out by itself. */
    bool (*send)(struct sim *s, struct sim_node *node, const struct sim_packet *p);
    /* Another node, or this one, sent this. */
    void (*see)(struct sim *s, struct sim_node *node, const struct sim_packet *p);
    void (*act)(struct sim *s, struct sim_node *node);
    /* After a crash, when the disk is as a crash leaves it. */
    void (*crash)(struct sim *s, struct sim_node *node);
    /* Asked for blocks. True: dealt with. */
    bool (*serve)(struct sim *s, struct sim_node *node, const struct rg_core_action *a);
};

#define SIM_KEPT 64

/* What a seed may do beside its loss, crashes, blackouts and partitions. */
enum sim_campaign {
    SIM_NO_CAMPAIGN,
    SIM_ROLLING,     /* one partition after the other */
    SIM_QUORUMLESS,  /* no side has a quorum, until all heals */
    SIM_HUNT_LEADER, /* whoever leads is cut off: both ways, or cannot send */
    SIM_KILL_LEADER,
    SIM_STORM,     /* restarts, all the time */
    SIM_STALL,     /* a disk does not return for seconds */
    SIM_CLOCKS,    /* clocks jump, some by an hour */
    SIM_JOIN_LATE, /* one node first starts when all heals */
    SIM_CAMPAIGNS
};

struct sim_node {
    struct rg_core *core; /* NULL: down */
    uint16_t index;
    uint8_t key;
    const struct sim_liar *liar; /* NULL: honest */
    uint64_t variant;
    uint64_t life;
    int64_t skew_ms;
    uint64_t deadline_ms;
    /* disk */
    struct sim_file file[2];
    int active;
    bool turning;
    size_t durable; /* records of the active file */
    size_t syncing; /* records the sync under way covers; 0: none */
    uint16_t sync_number;
    size_t need; /* of the last barrier */
    struct sim_held *held;
    size_t held_count;
    size_t held_cap;
    struct sim_block *chain; /* by height, from 1 */
    uint64_t chain_count;
    uint64_t chain_cap;
    uint64_t chain_durable;
    /* agency */
    uint32_t to_submit;
    uint64_t tokens;
    bool dying;                     /* between two actions, on purpose */
    uint64_t skip_view;             /* the skipper's own proposal of this view is kept back */
    struct sim_buf *kept[SIM_KEPT]; /* packets a liar remembers */
    uint64_t kept_count;
    struct sim_file backup;
    bool killed;         /* stays down until somebody says otherwise */
    uint64_t stalled_ms; /* its disk returns no sync before */
    uint32_t slow_ms;    /* and takes this much longer */
    bool has_backup;
};

/* A motion for another set of authorities. */
#define SIM_MOTIONS 3
struct sim_motion {
    struct rg_hash id;
    struct sim_buf *bytes;
};

struct sim_liar;
struct sim_options {
    bool verbose;
    bool twice;                 /* each seed two times: the same bytes must be sent */
    bool tight;                 /* the smallest journal: little room for bodies of blocks */
    const struct sim_liar *lie; /* all liars lie like this; NULL: any */
};

struct sim_stats {
    uint64_t views, nullified, blocks, submissions, messages, drops, duplicates, partitions,
        crashes, blackouts, restarts, lies, virtual_ms, turns, epochs, accused;
};

struct sim {
    uint64_t seed;
    size_t n;
    struct rg_prng prng;
    uint64_t now_ms;
    struct sim_event *heap;
    size_t heap_count;
    size_t heap_cap;
    uint64_t event_number;
    uint64_t standing; /* events since time last moved */
    struct rg_genesis *genesis;
    struct rg_members members; /* of the newest epoch that the oracle has seen begin */
    uint64_t ballots_left;
    struct sim_motion motion[SIM_MOTIONS];
    bool liars; /* there are any */
    enum sim_campaign campaign;
    uint32_t load_ms, load_entries; /* the fixture's steady load; 0: none */
    struct sim_node node[SIM_NODES_MAX];
    bool cut[SIM_NODES_MAX][SIM_NODES_MAX];
    bool faults; /* before SIM_HEAL */
    bool fat;    /* large entries */
    /* per thousand, milliseconds */
    uint32_t loss, duplicate, crash_per_million;
    uint32_t latency_ms, jitter_ms, sync_ms, archive_ms;
    uint64_t heal_ms, journal_bytes;
    struct rg_arena arena;       /* for decoding packets */
    struct rg_arena block_arena; /* for decoding blocks */
    struct rg_arena out_arena;
    struct sim_oracle oracle;
    struct sim_stats stats;
    struct sim_options options;
    uint64_t trace; /* a running hash of all that was sent */
};

/* sim_run.c */
struct sim *sim_new(uint64_t seed, size_t n, struct sim_options options);
void sim_free(struct sim *s);
/* Run events up to @until_ms; false when something broke. */
bool sim_run_until(struct sim *s, uint64_t until_ms);

/* sim_seed.c: one run; true when nothing was violated. Adds to @total. */
void sim_seed_heal(struct sim *s);
void sim_seed_campaign(struct sim *s, const struct sim_event *ev);
bool sim_run(uint64_t seed, size_t n, struct sim_options options, struct sim_stats *total,
             uint64_t *out_trace);
void sim_fail(struct sim *s, const char *what);
uint64_t sim_below(struct sim *s, uint64_t bound);

/* sim_fixture.c */
void sim_fixture_load(struct sim *s);

/* sim_queue.c */
struct sim_buf *sim_buf_new(struct rg_bytes bytes);
struct sim_buf *sim_buf_ref(struct sim_buf *b);
void sim_buf_drop(struct sim_buf *b);
struct rg_bytes sim_buf_bytes(const struct sim_buf *b);
void sim_post(struct sim *s, struct sim_event ev); /* takes over ev.buf */
bool sim_next(struct sim *s, struct sim_event *out);

/* sim_decode.c */
void sim_decode_next(struct sim_buf *b); /* the packet that is decoded next */
void sim_decode_drop(struct sim_buf *b);
void sim_decode_reset(void); /* before each run */

/* sim_net.c */
void sim_send(struct sim *s, uint16_t from, uint16_t to, bool gossip, struct sim_buf *buf);
void sim_partition(struct sim *s);
void sim_uncut(struct sim *s);

/* sim_disk.c */
void sim_disk_append(struct sim_node *node, uint8_t type, struct rg_bytes bytes);
void sim_disk_turn(struct sim *s, struct sim_node *node, bool begin);
void sim_disk_sync(struct sim *s, struct sim_node *node);
void sim_disk_crash(struct sim *s, struct sim_node *node);
/* Records @from..@to of the active file are durable now. */
void sim_disk_tell(struct sim *s, struct sim_node *node, size_t from, size_t to);
void sim_disk_wipe(struct sim_node *node);
void sim_disk_keep(struct sim *s, struct sim_node *node, const struct rg_core_final *f);
void sim_disk_archive(struct sim *s, struct sim_node *node, uint64_t height);
void sim_disk_serve(struct sim *s, struct sim_node *node, const struct rg_core_action *a);
void sim_disk_backup(struct sim_node *node); /* keep a copy of the journal */
void sim_disk_restore(struct sim_node *node);
void sim_disk_free(struct sim_node *node);

/* sim_epoch.c: the authorities change. */
void sim_epoch_plan(struct sim *s);
void sim_epoch_ballot(struct sim *s, struct sim_node *node, const struct sim_event *ev);
void sim_epoch_fini(struct sim *s);

/* sim_node.c */
void sim_node_ballot(struct sim *s, struct sim_node *node, struct rg_bytes entry);
void sim_node_start(struct sim *s, struct sim_node *node);
void sim_node_crash(struct sim *s, struct sim_node *node);
void sim_node_submit(struct sim *s, struct sim_node *node, size_t count);
void sim_node_event(struct sim *s, struct sim_node *node, const struct sim_event *ev);
void sim_node_release(struct sim *s, struct sim_node *node);

/* sim_lies.c */
size_t sim_lies_count(void);
const struct sim_liar *sim_lies_get(size_t i);
const struct sim_liar *sim_lies_find(const char *name); /* NULL: unknown */
/* True: dealt with. */
bool sim_lies_send(struct sim *s, struct sim_node *node, struct sim_buf *buf, bool gossip,
                   uint16_t to);
void sim_lies_see(struct sim *s, const struct sim_packet *p);
void sim_lies_act(struct sim *s, const struct sim_event *ev);
void sim_lies_begin(struct sim *s); /* the first moments of all who act */

#endif /* RG_SIM_SIM_H */
