/* Deliberate faults, for showing that the simulator finds them. RG_MUTANT is 0 in every product
 * build; tests/sim/mutants.sh builds a separate consensus with RG_MUTANT set to one of these
 * numbers. */
#ifndef RG_CONSENSUS_MUTANT_H
#define RG_CONSENSUS_MUTANT_H

#ifndef RG_MUTANT
#define RG_MUTANT 0
#endif

#define RG_MUTANT_FINALIZE_AFTER_NULLIFY 1 /* R5 forgets that I nullified the view (B1) */
#define RG_MUTANT_NOTARIZE_TWICE 2         /* R2 votes again for a second proposal */
#define RG_MUTANT_NO_GAP_CHECK 3           /* R2 does not ask for the Nulls of skipped views */
#define RG_MUTANT_FORGET_VOTES 4           /* my votes are not recovered after a restart (B3) */
#define RG_MUTANT_NO_RESEND 5              /* recovered votes are never sent again (B10, B15) */
#define RG_MUTANT_NULL_AFTER_FINAL 6      /* R3 forgets that I finalized the view, and R0 is late */
#define RG_MUTANT_CERT_DEAF 7             /* R0: certificates ignored after my own nullify */
#define RG_MUTANT_BODY_NOT_DURABLE 8      /* R2: notarize without PERSIST_BLOCK */
#define RG_MUTANT_FINALIZE_OTHER 9        /* R5 finalizes another candidate than it notarized */
#define RG_MUTANT_NO_VERDICT 10           /* R2 and R5 do not wait for a block's verdict */
#define RG_MUTANT_COMMIT_NOTAR 12         /* R6 takes a notarization for a finalization */
#define RG_MUTANT_NO_REPAIR 13            /* R8 sends and asks for no certificates (B6) */
#define RG_MUTANT_NO_BARRIER 14           /* votes leave before they are durable (B7) */
#define RG_MUTANT_ALWAYS_DEMAND 15        /* R7: an idle network votes */
#define RG_MUTANT_NO_DOUBT 16             /* R10: every memory counts as sure (B9) */
#define RG_MUTANT_ONE_ANSWER 17           /* R10: one answer is enough */
#define RG_MUTANT_OLD_ECHO 18             /* R10: an echo of an earlier run counts */
#define RG_MUTANT_NO_MUTE 19              /* R10: lost votes do not mute */
#define RG_MUTANT_TRUSTED_HEIGHT 20       /* catch-up stays with the highest claim (B11) */
#define RG_MUTANT_SILENT_LIMIT 21         /* a request over the limit is dropped (B2) */
#define RG_MUTANT_CERT_UNCOUNTED 22       /* a certificate's signatures are not counted (B12) */
#define RG_MUTANT_ACCUSE_HONEST 23        /* R9: NULLIFY after NOTARIZE counts as proof */
#define RG_MUTANT_EQUIVOCATION_ASSERTS 24 /* a second proposal ends the process (B4) */
#define RG_MUTANT_NO_FETCH 25             /* a missing body is never asked for */
#define RG_MUTANT_SMALL_QUORUM 26         /* one signature less makes a certificate */
#define RG_MUTANT_CLOCK_JUDGES 27  /* a certified block's time is held against my clock (B14) */
#define RG_MUTANT_NULL_JUMPS 28    /* R0: a Null ahead passes over views that nothing certifies */
#define RG_MUTANT_MUTE_SHORT 29    /* R10: the mute forgets that NULLIFY is cast ahead */
#define RG_MUTANT_RESTART_AHEAD 30 /* a restart takes NULLIFY cast ahead for where I was */

/* True only in the build of mutant @m; a constant, so the other branch vanishes. */
#define RG_MUTANT_IS(m) (RG_MUTANT == (m))

#endif /* RG_CONSENSUS_MUTANT_H */
