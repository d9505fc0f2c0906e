/* The vault: what this agency knows about cases and must keep to itself. One kv store with case
 * records, indexes, the feed, what is parked, what is missing, what is not acknowledged, the
 * streams of its members, and the cursor on the chain - all moved in one transaction a group of
 * blocks, so after any crash everything stands at the same height.
 *
 * Values are sealed under the vault's key (derived from the node's key) and bound to table and key;
 * names and pseudonyms are found by keyed hashes. Nothing rests here in the clear but numbers that
 * mean nothing outside: case numbers, feed numbers, places of entries.
 *
 * In memory beside the store: the next expected tag of every reader of every open case (16 bytes a
 * tag, found without a look at the disk), and a cache of case records; both are rebuilt at open.
 *
 * Owner: the agency thread. Calls outside a transaction open a short read transaction themselves; a
 * series of calls is cheaper between rg_vault_begin_read and rg_vault_end. Any error in a write
 * transaction other than those named "only" leaves it unusable: end it, and end the process. */
#ifndef RG_AGENCY_VAULT_H
#define RG_AGENCY_VAULT_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "node/agency/casebook.h"
#include "proto/client_codec.h"

#define RG_VAULT_CASES_MAX (1ull << 40) /* case numbers; 6 bits of an agency beside it */
#define RG_VAULT_TAGS_MAX (1u << 26)

struct rg_vault; /* opaque */

struct rg_vault_options {
    const char *dir;
    const struct rg_hash *ledger; /* copied, as is the key */
    const uint8_t *key;           /* 32 bytes */
    uint32_t agency_count;
};

/* Totals and cursors; saved with every commit. */
struct rg_vault_meta {
    uint64_t height; /* followed: everything up to here is in the vault */
    uint64_t time_ms;
    uint64_t own_sequence; /* last followed submission of this node */
    uint64_t feed_tip;
    uint64_t next_case; /* the next free case number */
    uint64_t cases;     /* with at least one event in the feed */
    uint64_t unreadable;
};

/* A case. Secret. */
struct rg_vault_case {
    uint64_t case_no;
    struct rg_id pseudonym;
    uint8_t key[RG_KEY_BYTES];
    uint64_t readers;
    uint32_t opener; /* agency */
    bool opened; /* its opening entry was followed: readers, opener, pseudonym are the ledger's */
    bool broken; /* its opening entry could not be used: later entries are not fed */
    uint32_t event_count;
    uint64_t last_feed;                /* feed number of its newest event; 0: none */
    uint32_t counter[RG_AGENCIES_MAX]; /* next counter of each writer */
    struct rg_casebook_keys keys;      /* derived */
};

/* Open the vault and rebuild what lives in memory. Gives @out.
 * Errors: RG_ERR_INVALID it belongs to another ledger; RG_ERR_SIGNATURE it was sealed under another
 * node's key; RG_ERR_VERSION; otherwise as rg_kv_open(). */
RG_CHECKED rg_err rg_vault_open(const struct rg_vault_options *o, struct rg_vault **out);
/* Wipe the secrets, close and set *@v to NULL; NULL is accepted. An open transaction is dropped. */
void rg_vault_close(struct rg_vault **v);

/* Begin a write transaction. Errors: as rg_kv_begin_write(). */
RG_CHECKED rg_err rg_vault_begin_write(struct rg_vault *v);
/* Begin a read transaction. Errors: as rg_kv_begin_read(). */
RG_CHECKED rg_err rg_vault_begin_read(struct rg_vault *v);
/* Store meta and changed cases and make all durable. Errors: as rg_kv_commit(): the vault in memory
 * is then ahead of the disk and the process must end. */
RG_CHECKED rg_err rg_vault_commit(struct rg_vault *v);
/* End a read transaction; or drop a write transaction, after which the vault must be closed. */
void rg_vault_end(struct rg_vault *v);
/* The totals; they may be changed inside a write transaction. */
struct rg_vault_meta *rg_vault_get_meta(struct rg_vault *v);
const struct rg_hash *rg_vault_ledger(const struct rg_vault *v);
/* 16 bytes under which a name is found: a keyed hash of @kind and @text. */
void rg_vault_name(const struct rg_vault *v, const char *kind, struct rg_bytes text,
                   struct rg_id *out);
/* Seal and open the agency's private bytes that lie in the journal, bound to @what. @out needs room
 * for RG_SEAL_EXTRA more, or may have that much less.
 * Errors: RG_ERR_SIGNATURE. */
void rg_vault_seal(const struct rg_vault *v, const char *what, struct rg_bytes plain, uint8_t *out);
RG_CHECKED rg_err rg_vault_unseal(const struct rg_vault *v, const char *what,
                                  struct rg_bytes sealed, uint8_t *out);

/* --- cases (vault_case.c) --- */

/* Take a new case number. */
uint64_t rg_vault_case_number(struct rg_vault *v);
/* Give case @case_no. The pointer is valid until the next call of rg_vault_case_*; changes count
 * after rg_vault_case_touch. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_SIGNATURE; RG_ERR_IO.
 */
RG_CHECKED rg_err rg_vault_case_load(struct rg_vault *v, uint64_t case_no,
                                     struct rg_vault_case **out);
/* The case was changed in this write transaction: store it at commit. */
void rg_vault_case_touch(struct rg_vault *v, struct rg_vault_case *c);
/* Store a new case with its commitment (write transaction). @c's keys need not be derived.
 * Errors: RG_ERR_EXISTS only: there is a case with that number or key already; as rg_kv_put(). */
RG_CHECKED rg_err rg_vault_case_add(struct rg_vault *v, const struct rg_vault_case *c);
/* Make the pseudonym lead to the case (write transaction).
 * Errors: RG_ERR_EXISTS only: another case has it; as rg_kv_put(). */
RG_CHECKED rg_err rg_vault_case_name_pseudonym(struct rg_vault *v, const struct rg_id *pseudonym,
                                               uint64_t case_no);
/* Make the file number lead to the case and back (write transaction).
 * Errors: RG_ERR_EXISTS only: it leads to another case; as rg_kv_put(). */
RG_CHECKED rg_err rg_vault_case_name_file(struct rg_vault *v, struct rg_bytes file,
                                          uint64_t case_no);
/* Find a case. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_vault_case_find_commitment(struct rg_vault *v,
                                                const struct rg_hash *commitment, uint64_t *out);
RG_CHECKED rg_err rg_vault_case_find_pseudonym(struct rg_vault *v, const struct rg_id *pseudonym,
                                               uint64_t *out);
RG_CHECKED rg_err rg_vault_case_find_file(struct rg_vault *v, struct rg_bytes file, uint64_t *out);
/* Copy the file number of a case to @out. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_vault_case_get_file(struct rg_vault *v, uint64_t case_no,
                                         char out[RG_FILE_NUMBER_MAX], size_t *out_len);
/* Give the first case after @after that has events. Errors: RG_ERR_NOT_FOUND; as load. */
RG_CHECKED rg_err rg_vault_case_next(struct rg_vault *v, uint64_t after, uint64_t *out);
/* Expect the next tag of @writer in @c. Errors: RG_ERR_FULL; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_vault_case_expect(struct rg_vault *v, const struct rg_vault_case *c,
                                       uint32_t writer);
/* Expect the next tag of every reader. Errors: the same. */
RG_CHECKED rg_err rg_vault_case_expect_all(struct rg_vault *v, const struct rg_vault_case *c);
/* Whose next tag @tag is, if agency @writer wrote it. False: nobody's. */
bool rg_vault_case_match(struct rg_vault *v, const struct rg_id *tag, uint32_t writer,
                         uint64_t *out_case_no);
/* The tag was used; expect it no longer. */
void rg_vault_case_used(struct rg_vault *v, const struct rg_id *tag);

/* --- lists (vault_list.c) --- */

struct rg_vault_place {
    uint64_t height;
    uint32_t submission;
    uint32_t entry;
};

struct rg_vault_feed {
    uint64_t case_no;
    uint64_t previous; /* feed number of the case's event before; 0: none */
    uint32_t event_no;
    struct rg_vault_place place;
    uint64_t time_ms;
    enum rg_about_kind void_how; /* NONE: it counts */
    uint64_t void_by;            /* feed number of the event that cancels or corrects it */
};

struct rg_vault_missing {
    struct rg_hash commitment;
    struct rg_vault_place place; /* of the opening entry */
    uint64_t readers;
    uint32_t opener; /* agency */
};

/* Append to the feed; gives the number. Write transaction. Errors: as rg_kv_append(). */
RG_CHECKED rg_err rg_vault_list_feed(struct rg_vault *v, const struct rg_vault_feed *f,
                                     uint64_t *out_no);
/* Note in record @feed_no that it is void (write transaction). Errors: as get_feed; as rg_kv_put().
 */
RG_CHECKED rg_err rg_vault_list_void(struct rg_vault *v, uint64_t feed_no, enum rg_about_kind how,
                                     uint64_t by);
/* Give record @feed_no. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_SIGNATURE; RG_ERR_IO. */
RG_CHECKED rg_err rg_vault_list_get_feed(struct rg_vault *v, uint64_t feed_no,
                                         struct rg_vault_feed *out);

/* The highest number of a member's stream that is final; 0: none. Errors: RG_ERR_CORRUPT;
 * RG_ERR_IO. */
RG_CHECKED rg_err rg_vault_list_get_stream(struct rg_vault *v, const struct rg_id *stream,
                                           uint64_t *out);
/* Raise it (write transaction). Errors: as rg_kv_put(). */
RG_CHECKED rg_err rg_vault_list_put_stream(struct rg_vault *v, const struct rg_id *stream,
                                           uint64_t number);

/* Park an entry under its tag (write transaction).
 * Errors: RG_ERR_EXISTS only: one with this tag is parked; as rg_kv_put(). */
RG_CHECKED rg_err rg_vault_list_park(struct rg_vault *v, const struct rg_id *tag,
                                     const struct rg_vault_place *place);
/* Find, and remove, a parked entry. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_vault_list_get_parked(struct rg_vault *v, const struct rg_id *tag,
                                           struct rg_vault_place *out);
RG_CHECKED rg_err rg_vault_list_unpark(struct rg_vault *v, const struct rg_id *tag);
/* Give any parked entry. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_vault_list_any_parked(struct rg_vault *v, struct rg_id *out_tag,
                                           struct rg_vault_place *out);
uint64_t rg_vault_list_parked_count(const struct rg_vault *v);

/* Keys that are missing: opening entries that name us as readers. Write transaction. */
RG_CHECKED rg_err rg_vault_list_miss(struct rg_vault *v, const struct rg_vault_missing *m);
RG_CHECKED rg_err rg_vault_list_get_missing(struct rg_vault *v, const struct rg_hash *commitment,
                                            struct rg_vault_missing *out);
RG_CHECKED rg_err rg_vault_list_found(struct rg_vault *v, const struct rg_hash *commitment);
/* Give the missing key with the smallest commitment above @after (NULL: the first).
 * Errors: RG_ERR_NOT_FOUND none; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_vault_list_next_missing(struct rg_vault *v, const struct rg_hash *after,
                                             struct rg_vault_missing *out);
uint64_t rg_vault_list_missing_count(const struct rg_vault *v);

/* Keys that the node at place @peer has not acknowledged. Write transaction; acknowledging what
 * is not there is fine. */
RG_CHECKED rg_err rg_vault_list_owe(struct rg_vault *v, uint16_t peer, uint64_t case_no);
RG_CHECKED rg_err rg_vault_list_paid(struct rg_vault *v, uint16_t peer, uint64_t case_no);
/* Give the first case above @after owed to @peer. Errors: RG_ERR_NOT_FOUND; as above. */
RG_CHECKED rg_err rg_vault_list_next_owed(struct rg_vault *v, uint16_t peer, uint64_t after,
                                          uint64_t *out_case_no);
uint64_t rg_vault_list_owed_count(const struct rg_vault *v);

#endif /* RG_AGENCY_VAULT_H */
