/* Starting again: nobody waits for ever (docs/consensus.md, "A lost journal"). A node that restarts with its
 * journal casts nothing new until q - 1 others have answered its nonce (the gate). One that lost it waits
 * for q others and is then mute up to its own view + 1 + 2K (rra_mute.pml). An answer counts once the node's own
 * certificates reach it; they come along. Who waits at the gate answers others; who lost its journal
 * answers only the gate, until its view is above its mute.
 *
 * Looked at from the moment at which messages arrive: the H honest nodes have just restarted or not, as
 * it pleases (RUNNING: they have not); LOST of them without journal, ABSENT others are gone for good; one of them has seen view 2.
 * CRASHES more restarts may come at any time; what a node waits for and its mute survive them. Views go on
 * by timers, which fire only when nothing else can happen; a liar helps, or not, and falls silent. Who has
 * voted in its view may vote up to K views ahead (here up to view FAR, to keep it small); what certificates of
 * later views tell is left out, since it only helps.
 * Every step uses up something, so every run ends (W views are enough to leave any mute); at its end the
 * views have gone through and every present node may vote.
 *
 * Mutants: GATE (answers the gate asks for); GATED_SILENT; UNBACKED (a liar's view counts without its
 * certificate); NO_CERTS (answers come without theirs). */
#ifndef N
#define N 4
#endif
#ifndef Q
#define Q 3
#endif
#ifndef LIARS
#define LIARS 0
#endif
#ifndef ABSENT
#define ABSENT 0
#endif
#ifndef LOST
#define LOST 0
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef GATE
#define GATE (Q - 1)
#endif
#ifndef K
#define K (N - Q)
#endif
#define H (N - LIARS - ABSENT)
#ifndef FAR
#define FAR 3
#endif
#define W (5 + 2 * K)
#define FREE 0
#define GATED 1
#define WAITING 2

byte phase[H];
byte cur[H];
byte mute[H];
byte got[H];   /* bit j: j answered; bit 7: the liar did */
byte vote[W + 2]; /* bit i */
byte crashes;
bool silent = (LIARS == 0);

#define BIT(x, j) (((x) >> (j)) & 1)
#define COUNT(x) (BIT(x, 0) + BIT(x, 1) + BIT(x, 2) + BIT(x, 3) + BIT(x, 4) + BIT(x, 5) + BIT(x, 6))
#define ANSWERED(i) (COUNT(got[i]) + BIT(got[i], 7))
#define VOTES(i) (phase[i] == FREE && cur[i] > mute[i] && cur[i] <= W && !BIT(vote[cur[i]], i))

#define ENOUGH(v) (COUNT(vote[v]) + (silent -> 0 : LIARS) >= Q)
/* R3 ahead: as it pleases, but before any timer */
#define AHEAD(i, d) \
    :: atomic { d <= K && phase[i] == FREE && cur[i] > mute[i] && cur[i] + d <= FAR && \
        BIT(vote[cur[i] % (W + 2)], i) && !BIT(vote[(cur[i] + d) % (W + 2)], i) -> \
        vote[cur[i] + d] = vote[cur[i] + d] | (1 << i) }

#ifdef GATED_SILENT
#define ANSWERS(j, i) (phase[j] == FREE && cur[j] > mute[j])
#else
#define ANSWERS(j, i) (phase[i] == GATED || (phase[j] != WAITING && cur[j] > mute[j]))
#endif
#ifdef NO_CERTS
#define LEARNS(i) (phase[i] != WAITING)
#else
#define LEARNS(i) true
#endif
#define FROM(i, j) \
    :: atomic { i != j && phase[i] != FREE && !BIT(got[i], j) && ANSWERS(j, i) && cur[j] <= cur[i] -> \
        got[i] = got[i] | (1 << j) } \
    :: atomic { cur[j] > cur[i] && LEARNS(i) -> cur[i] = cur[j] } /* R0, R8 */

#if N - LIARS - ABSENT >= 4
#define VOTES3 && !VOTES(3)
#define FROM3(i) FROM(i, 3)
#else
#define VOTES3
#define FROM3(i)
#endif
#if N - LIARS - ABSENT >= 5
#define VOTES4 && !VOTES(4)
#define FROM4(i) FROM(i, 4)
#else
#define VOTES4
#define FROM4(i)
#endif
#if N - LIARS - ABSENT >= 6
#define VOTES5 && !VOTES(5)
#define FROM5(i) FROM(i, 5)
#else
#define VOTES5
#define FROM5(i)
#endif
#if N - LIARS - ABSENT >= 7
#define VOTES6 && !VOTES(6)
#define FROM6(i) FROM(i, 6)
#else
#define VOTES6
#define FROM6(i)
#endif

proctype node(byte i)
{
end:
    do
    FROM(i, 0)
    FROM(i, 1)
    FROM(i, 2)
    FROM3(i) FROM4(i) FROM5(i) FROM6(i)
    :: atomic { phase[i] == GATED && ANSWERED(i) >= GATE -> phase[i] = FREE; got[i] = 0 }
    :: atomic { phase[i] == WAITING && ANSWERED(i) >= Q ->
        phase[i] = FREE;
        mute[i] = cur[i] + 1 + 2 * K;
#ifdef UNBACKED
        mute[i] = (BIT(got[i], 7) -> 255 : mute[i]);
#endif
        got[i] = 0 }
    :: atomic { VOTES(i) && (cur[i] == 1 || timeout) ->
        vote[cur[i]] = vote[cur[i]] | (1 << i) }
    AHEAD(i, 1)
    :: atomic { cur[i] <= W && ENOUGH(cur[i]) -> cur[i]++ }
    :: atomic { crashes < CRASHES ->
        crashes++;
        phase[i] = (phase[i] == WAITING -> WAITING : GATED);
        got[i] = 0 }
#if LIARS > 0
    :: atomic { !silent && phase[i] != FREE && !BIT(got[i], 7) -> got[i] = got[i] | 128 }
#endif
    od
}

proctype liar()
{
end:
    silent = true
}

init {
    byte i;
    atomic {
        i = 0;
        do
        :: i < H ->
            cur[i] = 1;
            if
            :: i < LOST -> phase[i] = WAITING
#ifndef RUNNING
            :: i >= LOST -> phase[i] = GATED
#endif
            :: i >= LOST -> phase[i] = FREE
            fi;
            run node(i);
            i++
        :: else -> break
        od;
        if
        :: cur[H - 1] = 2
        :: true
        fi;
#if LIARS > 0
        run liar()
#endif
    }
    timeout && !VOTES(0) && !VOTES(1) && !VOTES(2) VOTES3 VOTES4 VOTES5 VOTES6;
#ifdef REACH /* must fail: the end is reached */
    assert(false);
#endif
    i = 0;
    do
    :: i < H -> assert(phase[i] == FREE && cur[i] > mute[i] && cur[i] > W); i++
    :: else -> break
    od
}
