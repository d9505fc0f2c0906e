/* Request and Answer (client.proto) to bytes and back. Same care as peer_codec.h; strings are valid
 * UTF-8 without control characters. Results borrow from the arena. */
#ifndef RG_PROTO_CLIENT_CODEC_H
#define RG_PROTO_CLIENT_CODEC_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "ledger/governance.h"

#define RG_CLIENT_CODEC_ARENA (4 * RG_FRAME_API_MAX)
#define RG_CLIENT_PAGE_BYTES (192 * 1024)
#define RG_FILE_NUMBER_MAX 128

enum rg_request_kind {
    RG_REQUEST_NONE,
    RG_REQUEST_SUBMIT,
    RG_REQUEST_STATUS,
    RG_REQUEST_CASE,
    RG_REQUEST_ALERTS,
    RG_REQUEST_CONFORMANCE,
    RG_REQUEST_DEFINITION,
    RG_REQUEST_CURSOR,
    RG_REQUEST_TEST_HOOK,
    RG_REQUEST_PAGE,
    RG_REQUEST_EVENTS,
    RG_REQUEST_BALLOT,
    RG_REQUEST_MOTIONS
};

/* What the figures of conformance are broken down by. */
#define RG_REQUEST_BY_SITE 1u
#define RG_REQUEST_BY_MONTH 2u
#define RG_REQUEST_BY_ALL (RG_REQUEST_BY_SITE | RG_REQUEST_BY_MONTH)

struct rg_request {
    enum rg_request_kind kind;
    uint64_t id;
    /* SUBMIT */
    struct rg_id stream;
    uint64_t first;
    uint32_t count;
    struct rg_bytes *events; /* bytes of Event messages */
    struct rg_bytes *cases; /* file numbers, up to RG_FILE_NUMBER_MAX bytes; empty only in a request
                               of one event */
    struct rg_sig signature;
    bool wait;
    bool has_link;
    struct rg_id link;
    /* CASE, ALERTS */
    struct rg_bytes file_number;
    bool has_pseudonym;
    struct rg_id pseudonym;
    /* ALERTS */
    uint64_t since;
    uint32_t max;
    struct rg_bytes severity;
    bool has_alert;
    struct rg_hash alert;
    bool unacknowledged;
    /* CONFORMANCE */
    struct rg_bytes rules;
    int64_t as_of_ms;
    uint32_t by; /* bits RG_REQUEST_BY_*; the reader sees to it that there are no others */
    /* CURSOR, TEST_HOOK */
    struct rg_bytes name;
    uint64_t acknowledge;
    /* PAGE */
    uint64_t token;
    uint32_t page;
    /* EVENTS */
    uint64_t from_case;
    uint32_t from_event;
    uint64_t through;
    uint64_t after; /* 0: all cases */
    /* DEFINITION; neither: the one in force next */
    uint32_t version; /* 0: not asked for */
    bool has_motion;
    struct rg_hash motion; /* an open one */
    /* BALLOT, and `wait` */
    struct rg_bytes entry; /* bytes of an Entry */
};

enum rg_answer_kind {
    RG_ANSWER_NONE, /* only code and error */
    RG_ANSWER_SUBMITTED,
    RG_ANSWER_STATUS,
    RG_ANSWER_CASE,
    RG_ANSWER_ALERTS,
    RG_ANSWER_PAGE,
    RG_ANSWER_DEFINITION,
    RG_ANSWER_CURSOR,
    RG_ANSWER_EVENTS,
    RG_ANSWER_MOTIONS
};

struct rg_answer_submitted {
    uint32_t events;
    uint32_t known;
    uint64_t first_height;
    uint64_t last_height;
    struct rg_hash submission; /* zero: none */
    struct rg_id pseudonym;
    uint32_t cases_opened;
    uint32_t verdict; /* enum rg_verdict: of a ballot, once final */
};

struct rg_answer_authority {
    struct rg_bytes name;
    struct rg_bytes agency;
    bool live;
    uint64_t missed_turns;
    int64_t clock_offset_ms;
    uint64_t height;
    uint64_t silent_ms;
    bool cut; /* a test has cut the connections to it */
};

struct rg_answer_status {
    struct rg_bytes ledger;
    struct rg_hash ledger_id;
    struct rg_bytes node;
    struct rg_bytes agency;
    uint64_t height;
    struct rg_hash hash;
    struct rg_hash digest;
    uint64_t epoch;
    uint64_t view;
    uint64_t lag_ms;
    uint64_t rules_height;
    uint64_t rules_parked;
    uint64_t bus_frames;
    uint64_t bus_refused;
    uint32_t authority_count;
    struct rg_answer_authority *authorities;
    uint32_t quorum;
    struct rg_bytes stalled; /* empty, or a sentence */
    struct rg_bytes warning;
    uint64_t mempool;
    uint64_t time_ms;
    uint32_t pid;
    uint64_t memory_kib;
    uint64_t cpu_ms;
    uint64_t keys_unacknowledged;
    uint64_t alerts_logseq;
    bool mute;               /* follows, does not vote: own votes may be forgotten */
    uint32_t motions;        /* open ones */
    struct rg_bytes process; /* the definition in force next, and from which height on */
    uint32_t version;
    uint64_t version_from;
    uint64_t rules_compared; /* height up to which alerts were compared with another node's */
    uint32_t differ_count;   /* at most RG_AUTHORITIES_MAX */
    struct rg_bytes *differ; /* nodes that come to other alerts */
};

struct rg_answer_node {
    uint32_t principal;
    struct rg_bytes name;
    struct rg_bytes agency;
};

struct rg_answer_motions {
    uint64_t height;
    uint64_t time_ms;
    uint64_t epoch;
    uint32_t quorum;
    uint32_t agency;
    struct rg_pubkey admin_key;
    uint32_t agency_count;
    struct rg_bytes *agencies;
    uint32_t node_count;
    struct rg_answer_node *nodes;
    struct rg_set current;
    struct rg_set next; /* empty: none */
    uint32_t motion_count;
    struct rg_open_motion *motions;
    uint32_t published_count;
    struct rg_published *published; /* oldest first */
};

struct rg_answer_case_event {
    uint64_t height;
    uint32_t submission;
    uint32_t entry;
    struct rg_bytes event; /* bytes of an Event */
    struct rg_bytes agency;
    struct rg_bytes member;
    uint64_t recorded_ms;
    uint32_t standing;  /* enum rg_standing */
    uint64_t by_height; /* CANCELLED, CORRECTED: where the entry stands that made it so */
    uint32_t by_submission;
    uint32_t by_entry;
};

#define RG_DUTY_BY_MAX 16

struct rg_answer_duty {
    struct rg_bytes rule;
    struct rg_bytes step;
    uint32_t by_count;
    struct rg_bytes by[RG_DUTY_BY_MAX];
    uint64_t due_ms;          /* 0: no deadline */
    struct rg_bytes label_de; /* of the step; at most RG_CASE_TEXT_MAX bytes */
    struct rg_bytes label_en;
};

#define RG_CASE_RULES_MAX 128
#define RG_CASE_TEXT_MAX 1024
#define RG_RULE_EVENTS_MAX 16

enum rg_rule_state {
    RG_RULE_INACTIVE,  /* nothing in the case that it speaks about */
    RG_RULE_SATISFIED, /* kept so far */
    RG_RULE_PENDING,   /* something has to follow */
    RG_RULE_VIOLATED,  /* for good */
    RG_RULE_SETTLED    /* kept, whatever is recorded from now on */
};

struct rg_answer_rule {
    struct rg_bytes rule;
    enum rg_rule_state state;
    uint64_t violations;
    uint32_t event_count; /* VIOLATED: those known, at most RG_RULE_EVENTS_MAX */
    int64_t events[RG_RULE_EVENTS_MAX];
    uint64_t due_ms;   /* PENDING: 0: no deadline */
    uint32_t by_count; /* PENDING: 0: any agency */
    struct rg_bytes by[RG_DUTY_BY_MAX];
    bool critical;
    struct rg_bytes message_de; /* at most RG_CASE_TEXT_MAX bytes */
    struct rg_bytes message_en;
};

struct rg_answer_case {
    struct rg_id pseudonym;
    uint32_t event_count;
    struct rg_answer_case_event *events;
    uint32_t duty_count;
    struct rg_answer_duty *duties;
    uint32_t alert_count;
    struct rg_bytes *alerts; /* JSON */
    uint32_t rule_count;     /* at most RG_CASE_RULES_MAX */
    struct rg_answer_rule *rules;
    bool truncated;
};

struct rg_answer_case_events {
    struct rg_id pseudonym;
    struct rg_bytes file_number; /* empty: this agency has none for the case */
    uint32_t first;              /* number of events[0] in the case */
    uint32_t event_count;
    struct rg_answer_case_event *events;
};

struct rg_answer_alert {
    uint64_t logseq;
    struct rg_bytes topic;
    struct rg_bytes event; /* JSON */
};

struct rg_answer {
    enum rg_answer_kind kind;
    uint64_t id;
    uint32_t code; /* 0, or an exit code of the command line */
    struct rg_bytes error;
    struct rg_answer_submitted submitted;
    struct rg_answer_status status;
    struct rg_answer_case case_file;
    /* ALERTS */
    uint32_t alert_count;
    struct rg_answer_alert *alerts;
    uint64_t alerts_last;
    bool alerts_more;
    /* PAGE */
    uint64_t page_token;
    struct rg_bytes page_data;
    /* DEFINITION */
    struct rg_bytes definition;
    struct rg_bytes process;
    uint32_t version;
    uint64_t version_from; /* in force from this height on; 0: the genesis', or not carried */
    struct rg_hash definition_hash;
    /* CURSOR */
    uint64_t acknowledged;
    /* EVENTS */
    uint32_t case_count;
    struct rg_answer_case_events *cases;
    uint64_t next_case; /* 0: that was all */
    uint32_t next_event;
    uint64_t through;
    uint64_t time_ms; /* of the newest block followed; `version` is in force after it */
    struct rg_answer_motions motions;
};

/* Encode a request for @ledger. Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_FRAME_API_MAX. */
RG_CHECKED rg_err rg_client_codec_encode_request(struct rg_arena *arena,
                                                 const struct rg_hash *ledger,
                                                 const struct rg_request *r, struct rg_bytes *out);
/* Decode a request made for @ledger. Errors: RG_ERR_INVALID; RG_ERR_VERSION; RG_ERR_NOMEM;
 * RG_ERR_AUTH it was made for another ledger (then @out->id is set). */
RG_CHECKED rg_err rg_client_codec_decode_request(struct rg_arena *arena,
                                                 const struct rg_hash *ledger,
                                                 struct rg_bytes bytes, struct rg_request *out);
/* Encode an answer. Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_FRAME_API_MAX. */
RG_CHECKED rg_err rg_client_codec_encode_answer(struct rg_arena *arena, const struct rg_answer *a,
                                                struct rg_bytes *out);
/* Decode an answer. Errors: RG_ERR_INVALID; RG_ERR_VERSION; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_client_codec_decode_answer(struct rg_arena *arena, struct rg_bytes bytes,
                                                struct rg_answer *out);

#endif /* RG_PROTO_CLIENT_CODEC_H */
