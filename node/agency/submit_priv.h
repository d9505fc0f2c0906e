/* The inside of the submit queue, shared by submit.c and submit_pack.c. */
#ifndef RG_AGENCY_SUBMIT_PRIV_H
#define RG_AGENCY_SUBMIT_PRIV_H

#include "base/arena.h"
#include "node/agency/submit.h"

#define RG_SUBMIT_ARENA (1024u * 1024u)
#define RG_SUBMIT_WHY_MAX 512u

/* A request that is not answered or not final yet; one block with all its bytes. */
struct rg_submit_request {
    struct rg_submit_client client;
    struct rg_id stream;
    uint64_t first;
    uint32_t count;
    uint32_t known;   /* events 0..known-1 were recorded before */
    uint32_t next;    /* the next event to pack */
    uint32_t untaken; /* its submissions without a number */
    uint32_t flying;  /* its submissions that are not final */
    bool wait;
    bool answered;
    bool queued; /* not all packed */
    bool has_link;
    bool holds; /* its stream numbers */
    uint64_t link_case;
    uint64_t of_case; /* that of its one event, which names none; 0: by file numbers */
    struct rg_sig signature;
    struct rg_bytes *events;
    struct rg_bytes *files;
    struct rg_casebook_tree tree;
    size_t size;
    uint8_t verdict; /* of the first rejected submission */
    struct rg_answer_submitted result;
    struct rg_submit_request *next_request;
    struct rg_submit_request *next_known; /* list of those that wait for others' events */
};

/* A ballot that is not final, or whose end is not in the status yet. */
struct rg_submit_ballot {
    size_t len; /* 0: free */
    struct rg_submit_client client;
    bool wait;
    bool launched;
    bool taken;
    bool answered;
    struct rg_answer_submitted result; /* last_height: 0 unless final */
    uint8_t entry[RG_ENTRY_MAX];
};

/* A submission under way. */
struct rg_submit_flight {
    uint64_t token; /* 0: free */
    bool taken;
    uint64_t retry_ms; /* when refused */
    uint8_t *entries;
    size_t entries_len;
    uint32_t entry_count;
    uint8_t *private_bytes;
    size_t private_len;
    struct rg_submit_request **requests; /* whose events it holds */
    uint32_t request_count;
    struct rg_submit_ballot *ballot; /* it holds this instead; NULL: events */
};

struct rg_submit {
    struct rg_submit_config c;
    uint32_t agency;
    uint64_t readers; /* of a new case */
    struct rg_arena arena;
    struct rg_submit_request *head; /* requests with events to pack, in order */
    struct rg_submit_request **tail;
    struct rg_submit_request *known; /* wait for events handed in before */
    size_t queued_bytes;             /* what the waiting events will take as entries, about */
    size_t queued_events;
    struct rg_submit_flight flight[RG_SUBMIT_FLIGHTS_MAX];
    uint32_t flights;
    struct rg_submit_ballot ballot[RG_SUBMIT_BALLOTS_MAX];
    uint64_t last_token;
    size_t bytes_total;
    uint32_t waiting;
    size_t bytes_of[RG_PRINCIPALS_MAX];
    uint32_t waiting_of[RG_PRINCIPALS_MAX];
};

/* About what event @i of @r takes as an entry; never less. */
size_t rg_submit__entry_size(const struct rg_submit_request *r, uint32_t i);
/* Forget a request: it was answered and nothing of it is under way. */
void rg_submit__free(struct rg_submit *s, struct rg_submit_request *r);
/* Answer with an exit code and a sentence. */
void rg_submit__error(struct rg_submit *s, const struct rg_submit_client *client, uint32_t code,
                      const char *text);
/* What was found about a request whose event is about an entry or an alert. */
struct rg_submit_about {
    bool ok;
    bool known;       /* the alert was acknowledged before: nothing is to be recorded */
    uint64_t of_case; /* of the alert; 0: the request is about none */
};
/* Whether a request that cancels, corrects or acknowledges may stand: alone in its request, in the
 * stream of what it is about, of a case that is known, about an own event that counts or an alert
 * that holds. Not ok: @why says what is wrong. Other requests may.
 * Errors: RG_ERR_CORRUPT; RG_ERR_IO; RG_ERR_NOMEM. */
rg_err rg_submit__check_about(struct rg_submit *s, const struct rg_request *r,
                              struct rg_submit_about *out, char *why, size_t why_cap);
/* Hand a flight to the ledger; @sub: whose keys to deliver, NULL: none. */
void rg_submit__send(struct rg_submit *s, const struct rg_submit_flight *f,
                     const struct rg_pending_sub *sub);
/* Send a ballot that waits, if there is one and room for it. Errors: RG_ERR_NOMEM. */
rg_err rg_submit__launch_ballot(struct rg_submit *s, bool *out_sent);
/* What became of a ballot. */
void rg_submit__ballot_taken(struct rg_submit *s, struct rg_submit_ballot *b,
                             const struct rg_hash *hash);
void rg_submit__ballot_final(struct rg_submit_ballot *b, uint64_t height, uint8_t verdict,
                             const struct rg_hash *hash);
/* Answer and free what is complete. */
void rg_submit__settle(struct rg_submit *s, struct rg_submit_request *r);

#endif /* RG_AGENCY_SUBMIT_PRIV_H */
