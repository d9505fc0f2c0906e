/* Every cap of the system. Over a cap the answer is RG_ERR_FULL, RG_ERR_INVALID or a cut; never
 * growth. Sizes are in bytes unless the name says otherwise. */
#ifndef RG_BASE_LIMITS_H
#define RG_BASE_LIMITS_H

/* Members of the federation. */
#define RG_AUTHORITIES_MAX 64 /* in one epoch; the tests go to 20 */
#define RG_AGENCIES_MAX 64    /* readers of an entry are a 64-bit set */
#define RG_PRINCIPALS_MAX 1024
#define RG_NAME_MAX 64 /* agency, member, step, field and rule names, without the final NUL */

/* Consensus. */
#define RG_VIEW_WINDOW 64       /* votes are admitted for this many views ahead */
#define RG_JUSTIFY_NULLS_MAX 32 /* nullifications carried inside a proposal */
#define RG_CERT_MAX (16 + 32 + 16 + RG_AUTHORITIES_MAX / 8 + RG_AUTHORITIES_MAX * 64)

/* Ledger. */
#define RG_ENTRY_MAX 4096
#define RG_SUBMISSION_MAX (224 * 1024)
#define RG_SUBMISSION_ENTRIES_MAX 2048
#define RG_BLOCK_MAX (1024 * 1024)
#define RG_BLOCK_SUBMISSIONS_MAX 2048
#define RG_DEFINITION_MAX (64 * 1024)                    /* bytes of a process definition */
#define RG_BALLOT_MAX (RG_DEFINITION_MAX + RG_ENTRY_MAX) /* an entry that moves a definition */
#define RG_DEFINITIONS_MAX 128 /* published on one ledger after that of the genesis */
#define RG_GENESIS_MAX (256 * 1024)
#define RG_FIELD_VALUE_MAX 64
#define RG_FIELDS_MAX 24 /* in one event */

/* Bus. */
#define RG_FRAME_API_MAX (256 * 1024)
#define RG_FRAME_SYNC_MAX                                                                          \
    (64 * 1024)               /* a request; answers come in frames up to RG_FRAME_PEER_MAX */
#define RG_FRAME_SUB_MAX 1024 /* a subscription */
#define RG_FRAME_PEER_MAX (RG_BLOCK_MAX + 256 * 1024)

_Static_assert(RG_ENTRY_MAX < RG_SUBMISSION_MAX, "an entry fits into a submission");
_Static_assert(RG_BALLOT_MAX < RG_SUBMISSION_MAX, "a published definition fits into a submission");
_Static_assert(RG_SUBMISSION_MAX < RG_FRAME_API_MAX, "a submission fits into an api frame");
_Static_assert(RG_SUBMISSION_MAX < RG_BLOCK_MAX, "a submission fits into a block");
_Static_assert(RG_AUTHORITIES_MAX <= RG_AGENCIES_MAX, "an authority's agency is in the set");

#endif /* RG_BASE_LIMITS_H */
