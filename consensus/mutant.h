/* Deliberate faults, for showing that the simulator finds them. RG_MUTANT is 0 in every product
 * build; tests/sim/mutants.sh builds a separate consensus with RG_MUTANT set to one of these
 * numbers. */
#ifndef RG_CONSENSUS_MUTANT_H
#define RG_CONSENSUS_MUTANT_H

#ifndef RG_MUTANT
#define RG_MUTANT 0
#endif

#define RG_MUTANT_FINALIZE_AFTER_NULLIFY 1 /* M1: R5 forgets that I nullified the view */
#define RG_MUTANT_NOTARIZE_TWICE 2         /* M2: R2 votes again for a second proposal */
#define RG_MUTANT_NO_GAP_CHECK 3           /* M3: R2 does not ask for the Nulls of skipped views */
#define RG_MUTANT_FORGET_VOTES 4           /* M4: my votes are not recovered after a restart */
#define RG_MUTANT_NO_RESEND 5              /* M5: recovered votes are never sent again */
#define RG_MUTANT_CERT_DEAF 7              /* M7: certificates ignored after my own nullify */
#define RG_MUTANT_BODY_NOT_DURABLE 8       /* M8: notarize without PERSIST_BLOCK */

/* True only in the build of mutant @m; a constant, so the other branch vanishes. */
#define RG_MUTANT_IS(m) (RG_MUTANT == (m))

#endif /* RG_CONSENSUS_MUTANT_H */
