/* Crashes: the model of rra_safety.pml with a disk (docs/consensus.md, "Body and vote are durable before
 * it is sent"). A vote is made (PERSIST: it is in memory and in the journal's unsynced end), synced
 * (BARRIER) and sent (SEND) in three steps, and power may fail between any two, CRASHES times in all, at
 * the first SLOW nodes: memory is then what was synced, the current view that of the newest vote (K below,
 * if that is L: it may have been cast ahead). Then the node sends its recorded votes again and decides
 * afresh where it has none. Mutants: SEND_EARLY, RESTART_NO_SYNC (votes read back after a mere kill are
 * sent before they are synced). */
#define CRASH
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef SLOW
#define SLOW 1 /* nodes that take the three steps apart and may crash: 1 or all */
#endif
#include "rra_safety.pml"
