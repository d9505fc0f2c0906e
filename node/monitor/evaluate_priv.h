/* What evaluate.c (what next), evaluate_apply.c (answers), evaluate_escalate.c, evaluate_version.c,
 * evaluate_level.c and evaluate_write.c share. */
#ifndef RG_MONITOR_EVALUATE_PRIV_H
#define RG_MONITOR_EVALUATE_PRIV_H

#include "node/monitor/backlog.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/opbatch.h"

enum rg_evaluate_kind {
    RG_EVALUATE_NOTHING, /* no message is under way */
    RG_EVALUATE_EVENTS,  /* the next events of the feed */
    RG_EVALUATE_TICKS,   /* cases that are due */
    RG_EVALUATE_REDO,    /* one case from its first event on: its state was not readable, or an
                            entry cancels or corrects what was before */
};

struct rg_evaluate {
    struct rg_evaluate_config config;
    bool ticks;   /* deadlines are judged on block time, and there are some */
    bool blocked; /* a due case waits for its events: the height waits too */
    enum rg_evaluate_kind kind;
    struct rg_opbatch batch;
    struct rg_casestate *state[RG_OPBATCH_CASES_MAX]; /* of the batch's cases */
    size_t state_bytes;
    struct rg_hostmsg_buf msg;
    uint64_t batch_no;
    uint64_t batch_next; /* cursor after the batch */
    uint32_t batch_events;
    int64_t tick_ms; /* of a batch of ticks */

    uint64_t cursor; /* last event judged; in memory it may be ahead of the store */
    uint64_t height;
    bool moved; /* cursor or height changed since the last write */
    uint64_t clock_ms;
    uint64_t moved_ms;

    uint64_t follow_height;
    int64_t follow_ms;
    uint64_t follow_tip; /* feed number up to which follow_height is complete */
    uint64_t top_height; /* highest block of an event judged, and its time */
    int64_t top_ms;

    uint32_t narrow; /* so many events are sent one by one */
    uint64_t redo[RG_OPBATCH_CASES_MAX];
    uint32_t redo_count;
    bool redo_reset;  /* the first of them was emptied and is under way */
    bool redo_failed; /* ... and not all of it could be judged */
    bool redo_acks;   /* ... and its last event is `redo_ack`, which counts after all else */
    struct rg_alertlog_ack redo_ack;
    char redo_note[RG_NAME_MAX];
    uint64_t amend_case; /* the case to be judged anew, or under way, is so by an entry; 0: none */
    uint64_t amend_no;   /* its feed number */
    struct rg_place amend_place;
    int64_t amend_ms; /* of its block */
    uint64_t faults;  /* told as alerts of the system, and when the last was */
    uint64_t fault_ms;
    rg_err read_err; /* what stopped the reading */

    const struct rg_monitor_version *version;
    size_t version_count;
    size_t current;   /* judged by */
    uint64_t from;    /* its height; before the list is known what the store says */
    uint64_t reached; /* height of the latest one that was ever judged by */
    uint64_t level;   /* the next case to judge anew by `current`; 0: all are level */
    uint64_t late;    /* the first case that an older version was judging again; 0: none */
    bool levelling;   /* what is judged anew is so to be level */
    bool redo_bad[RG_OPBATCH_CASES_MAX]; /* ... and not all of that case could be judged */
    bool other;                          /* the reading stopped at an event of another version */
    bool edge;         /* the next event is of a later version: all of this one is judged */
    int64_t limit_ms;  /* time of the last block of this version, once there is a next */
    int64_t switch_ms; /* time of its first block */

    int64_t due_known_ms; /* the last answer of first_block_after */
    int64_t due_block_ms;
    bool due_known;
    int64_t of_ms; /* ... and of rg_evaluate__height_of(); 0: none */
    uint64_t of_height;
};

/* Note a system alert about an event or a case that could not be judged. */
void rg_evaluate__fault(struct rg_evaluate *e, const char *code, uint32_t case_index,
                        const char *text);
/* When the last event of case @i of the batch acknowledges an alert, tell the log; of a case that
 * is judged anew, keep it until that is done; nothing is told when it is so by a new version.
 * Errors: as rg_alertlog_acknowledge(). */
rg_err rg_evaluate__acknowledge(struct rg_evaluate *e, uint32_t i);
/* Take case @i of the batch as it is: its events count as judged, its state stays. */
rg_err rg_evaluate__pass_over(struct rg_evaluate *e, uint32_t i);
/* The height of the first block of @time_ms, which is a block's. */
uint64_t rg_evaluate__height_of(struct rg_evaluate *e, int64_t time_ms);
/* Tell once more the critical alerts that are due and whose cases have no events waiting.
 * Errors: as rg_evaluate_flush(); rg_casestate_get(). */
rg_err rg_evaluate__escalate(struct rg_evaluate *e, int64_t now_ms);
/* The batch is done with. */
void rg_evaluate__end_batch(struct rg_evaluate *e);
/* The version in force at @height. */
size_t rg_evaluate__version_at(const struct rg_evaluate *e, uint64_t height);
/* Find out when the current version ends, once it does, and when it began, while cases are not
 * level. Before anything is judged. Errors: as rg_chain_view_head(). */
rg_err rg_evaluate__find_times(struct rg_evaluate *e);
/* Whether all that was told is to be judged by the version that judges now, and all is level. */
bool rg_evaluate__settled(const struct rg_evaluate *e);
/* @height, or less while not all is judged by the version that is to judge it. */
uint64_t rg_evaluate__limit_height(const struct rg_evaluate *e, uint64_t height);
/* Find cases that are not level, and begin to judge them anew: they are in `redo` then. A bounded
 * number of cases is looked at. Errors: as rg_casestate_get(). */
rg_err rg_evaluate__next_level(struct rg_evaluate *e);
/* Give the next message about them; none in @out when all of them are judged.
 * Errors: as rg_feed_read_case(), rg_casestate_get(). */
rg_err rg_evaluate__next_group(struct rg_evaluate *e, struct rg_bytes *out);
/* Add an event to the batch (a rg_feed_fn; @ctx is the evaluation). FULL: it ends before it. */
rg_err rg_evaluate__take_event(void *ctx, const struct rg_feed_event *ev);
/* Begin an empty batch; write what is in it as the message that is under way then. */
void rg_evaluate__begin_batch(struct rg_evaluate *e);
void rg_evaluate__write_message(struct rg_evaluate *e, enum rg_evaluate_kind kind,
                                struct rg_bytes *out);
/* The version that judges has judged all; go to the next one that is wanted, if any: first all is
 * written. Errors: as rg_evaluate_flush(). */
rg_err rg_evaluate__next_version(struct rg_evaluate *e);
/* Note that case @c is judged by the version that judges now. */
void rg_evaluate__judged(struct rg_evaluate *e, struct rg_casestate *c);
/* Read and write where versions stand. Errors: as rg_alertstore_get(), rg_alertstore_put(). */
rg_err rg_evaluate__read_version(struct rg_evaluate *e, struct rg_kv_txn *txn);
rg_err rg_evaluate__write_version(struct rg_evaluate *e, struct rg_kv_txn *txn);

#endif /* RG_MONITOR_EVALUATE_PRIV_H */
