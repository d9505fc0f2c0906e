/* Safety: no fork, whatever the network and f liars do (docs/consensus.md, "Why it cannot fork").
 *
 * There are no channels. The network is the adversary, so only what honest authorities have signed is
 * kept, and f liars have signed everything: a certificate exists as soon as q - f honest votes for its
 * statement do, and every node may act on every certificate that exists, at any time, or never. Any
 * candidate whose justification exists may be shown to anybody: every parent view, two payloads.
 * There are no timers: a node may nullify whenever the rules allow it, also K views ahead, whoever leads
 * those and whatever it cast before. More can happen here than in the product (that, F before entering,
 * parents below the final view); so what holds here holds there.
 *
 * Two reductions, both exact: honest nodes are alike, so their states are kept sorted; and the two
 * payloads of one view and parent are alike, so the one that is voted for first is called 0.
 *
 * Parameters: N F Q V K; mutants are named in the code by #ifdef. */
#ifndef N
#define N 4
#endif
#ifndef F
#define F 1
#endif
#ifndef Q
#define Q 3
#endif
#ifndef V
#define V 2
#endif
#ifndef K
#define K (N - Q) /* views ahead that may be nullified */
#endif
#define H (N - F) /* honest */
#define NEED (Q - F)

/* One node: cur in bits 0-2, L of view v in bit 2+v, N in bits 6-17, F in bits 18-29; a candidate of
 * view v is the number 2 * (parent view) + payload, below 2v. */
int s[H];
#define CUR(i) (s[i] & 7)
#define OFF(v) ((v) * ((v) - 1))
#define LBIT(v) (1 << (2 + (v)))
#define NBIT(v, k) (1 << (6 + OFF(v) + (k)))
#define FBIT(v, k) (1 << (18 + OFF(v) + (k)))
#define ALL(v) ((1 << (2 * (v))) - 1)
#define NMASK(v) (ALL(v) << (6 + OFF(v)))
#define FMASK(v) (ALL(v) << (18 + OFF(v)))

#ifdef CRASH /* see rra_crash.pml: mem is volatile, dur synced, s[i] sent */
int mem[H];
int dur[H];
byte crashes;
bool killed[H];
#define MEM(i) mem[i]
#define SIGN(i, b) \
    mem[i] = mem[i] | (b); dur[i] = ((i) < SLOW -> dur[i] : mem[i]); s[i] = ((i) < SLOW -> s[i] : s[i] | (b))
#elif defined(AMNESIA) || defined(AHEAD_LOST)
#define REMEMBERS
int mem[H]; /* what the node remembers of its votes; s[i] is what it has sent */
bool forgotten;
#define MEM(i) mem[i]
#define SIGN(i, b) s[i] = s[i] | (b); mem[i] = mem[i] | (b)
#else
#define MEM(i) s[i]
#define SIGN(i, b) s[i] = s[i] | (b)
#endif

/* Certificates that exist: functions of s. Candidate + 1, or 0. */
byte notar[V + 1];
byte final[V + 1];
bool null[V + 1];
byte voted[V + 1]; /* bit pv: payload 0 of that parent has a vote */

hidden byte a, b, v_, k_, n_;
hidden int t_, x_;

#if defined(CRASH) && SLOW == 1
#define FIRST 1 /* node 0 is not like the others */
#else
#define FIRST 0
#endif
#ifdef CRASH
#define BEFORE(i, j) \
    (s[i] < s[j] || (s[i] == s[j] && (mem[i] < mem[j] || (mem[i] == mem[j] && dur[i] < dur[j]))))
#else
#define BEFORE(i, j) (s[i] < s[j])
#endif

inline count(mask)
{
    n_ = 0;
    a = 0;
    do
    :: a < H -> n_ = n_ + ((s[a] & (mask)) != 0); a++
    :: else -> break
    od
}

inline settle()
{
    d_step {
        /* Sort. */
        a = 0;
        do
        :: a < H - 1 ->
            b = FIRST;
            do
            :: b < H - 1 ->
                if
                :: BEFORE(b + 1, b) ->
#if defined(REMEMBERS) || defined(CRASH)
                    t_ = mem[b]; mem[b] = mem[b + 1]; mem[b + 1] = t_;
#endif
#ifdef CRASH
                    t_ = dur[b]; dur[b] = dur[b + 1]; dur[b + 1] = t_;
                    x_ = killed[b]; killed[b] = killed[b + 1]; killed[b + 1] = x_;
#endif
                    t_ = s[b]; s[b] = s[b + 1]; s[b + 1] = t_
                :: else
                fi;
                b++
            :: else -> break
            od;
            a++
        :: else -> break
        od;
        /* R4 Certify. */
        v_ = 1;
        do
        :: v_ <= V ->
            count(LBIT(v_));
            null[v_] = (n_ >= NEED);
            notar[v_] = 0;
            final[v_] = 0;
            k_ = 0;
            do
            :: k_ < 2 * v_ ->
                count(NBIT(v_, k_));
                if
                :: n_ >= NEED ->
                    assert(notar[v_] == 0); /* I9: at most one Notar a view */
                    notar[v_] = k_ + 1
                :: else
                fi;
                if
                :: n_ > 0 && (k_ & 1) == 0 -> voted[v_] = voted[v_] | (1 << (k_ / 2))
                :: else
                fi;
                count(FBIT(v_, k_));
                if
                :: n_ >= NEED ->
                    assert(final[v_] == 0);
                    final[v_] = k_ + 1
                :: else
                fi;
                k_++
            :: else -> break
            od;
            v_++
        :: else -> break
        od;
        /* What must hold after each step. */
#ifndef NO_I3
        a = 0;
        do
        :: a < H -> /* I1-I3 on what was sent: no key signs two statements that contradict */
            v_ = 1;
            do
            :: v_ <= V ->
                t_ = (s[a] & NMASK(v_)) >> (6 + OFF(v_));
                assert((t_ & (t_ - 1)) == 0);
                x_ = (s[a] & FMASK(v_)) >> (18 + OFF(v_));
                assert(x_ == 0 || t_ == 0 || x_ == t_);
                assert(x_ == 0 || (s[a] & LBIT(v_)) == 0);
                v_++
            :: else -> break
            od;
            a++
        :: else -> break
        od;
        x_ = 0;
#endif
        v_ = 1;
        do
        :: v_ <= V && final[v_] != 0 ->
            assert(notar[v_] == final[v_]); /* L4 */
#ifndef FINALIZE_AFTER_NULLIFY
            assert(!null[v_]); /* I9: no Null with Final; without this one the fork itself is looked for */
#endif
            x_ = v_;
            k_ = v_ - 1; /* the ancestors of the final candidate: every final view below is one */
            do
            :: k_ >= 1 ->
                do
                :: x_ > k_ -> x_ = (notar[x_] - 1) / 2
                :: else -> break
                od;
                assert(final[k_] == 0 || x_ == k_); /* no fork */
                k_--
            :: else -> break
            od;
#ifndef NO_GAP_CHECK
            k_ = v_ - 1; /* I10: all views between the candidate and its parent are nullified */
            do
            :: k_ > (final[v_] - 1) / 2 -> assert(null[k_]); k_--
            :: else -> break
            od;
            assert(k_ == 0 || notar[k_] != 0);
#endif
            v_++
        :: v_ <= V && final[v_] == 0 -> v_++
        :: else -> break
        od;
        v_ = 0
    }
}

/* R0: Notar or Final of a view not below cur, Null of cur; Null of a later view tells of v - K only. */
#define ENTER(i, v) \
    :: ((CUR(i) <= v && notar[v] != 0) || (CUR(i) == v && null[v])) -> s[i] = (s[i] & ~7) | (v + 1) \
    :: (CUR(i) + K < v && null[v]) -> s[i] = (s[i] & ~7) | (v - K)

/* R2: nothing cast in this view, the parent certified, the views between nullified. */
#ifdef NOTARIZE_TWICE
#define MAY_N(i, v) ((MEM(i) & (LBIT(v) | FMASK(v))) == 0)
#elif defined(NO_F_TEST)
#define MAY_N(i, v) ((MEM(i) & (LBIT(v) | NMASK(v))) == 0)
#else
#define MAY_N(i, v) ((MEM(i) & (LBIT(v) | NMASK(v) | FMASK(v))) == 0)
#endif
#ifdef NO_GAP_CHECK
#define GAPS(v, pv) true
#else
#define GAPS(v, pv) \
    (((pv) >= 1 || (v) <= 1 || null[1]) && ((pv) >= 2 || (v) <= 2 || null[2]))
#endif
#define NOTARIZE(i, v, pv, p) \
    :: (CUR(i) == v && MAY_N(i, v) && ((pv) == 0 || notar[pv] != 0) && GAPS(v, pv) && \
        ((p) == 0 || (voted[v] >> (pv) & 1))) -> SIGN(i, NBIT(v, 2 * (pv) + (p)))

/* R3: in cur and ahead, unless finalized. */
#ifdef AHEAD_LOST /* mutant: a vote ahead is sent and not recorded */
#define SIGN_L(i, v) s[i] = s[i] | LBIT(v); mem[i] = (CUR(i) == v -> mem[i] | LBIT(v) : mem[i])
#else
#define SIGN_L(i, v) SIGN(i, LBIT(v))
#endif
#define NULLIFY(i, v) \
    :: (CUR(i) <= v && v <= CUR(i) + K && (MEM(i) & (LBIT(v) | FMASK(v))) == 0) -> SIGN_L(i, v)

/* R5: any view with a Notar, iff not L, not F, N none or the same. */
#ifdef FINALIZE_AFTER_NULLIFY
#define GAVE_UP(i, v) false
#else
#define GAVE_UP(i, v) ((MEM(i) & LBIT(v)) != 0)
#endif
#ifdef ANY_N
#define SAME_N(i, v) true
#else
#define SAME_N(i, v) ((MEM(i) & NMASK(v) & ~NBIT(v, notar[v] - 1)) == 0)
#endif
#define FINALIZE(i, v) \
    :: (notar[v] != 0 && !GAVE_UP(i, v) && (MEM(i) & FMASK(v)) == 0 && SAME_N(i, v)) -> \
        SIGN(i, FBIT(v, notar[v] - 1))

#ifdef AMNESIA
#define FORGET(i) :: (!forgotten && mem[i] != 0) -> forgotten = true; mem[i] = 0; s[i] = (s[i] & ~7) | 1
#else
#define FORGET(i)
#endif

#ifdef CRASH
#define VOTED(i, v) \
    ((dur[i] & (NMASK(v) | FMASK(v))) != 0 || ((dur[i] & LBIT(v)) != 0 && K == 0)) /* L may be ahead */
#ifdef SEND_EARLY /* mutant: does not wait for the barrier */
#define SENDABLE(i) mem[i]
#elif defined(RESTART_NO_SYNC) /* mutant: sends what it read back without syncing it */
#define SENDABLE(i) (killed[i] -> mem[i] : dur[i])
#else
#define SENDABLE(i) dur[i]
#endif
#define DISK(i) \
    :: ((i) < SLOW && mem[i] != dur[i]) -> dur[i] = mem[i] /* BARRIER */ \
    :: ((i) < SLOW && (SENDABLE(i) & ~s[i]) != 0) -> s[i] = s[i] | SENDABLE(i) /* SEND, or send again */ \
    :: ((i) < SLOW && crashes < CRASHES && (mem[i] != dur[i] || CUR(i) > 1)) -> /* power loss */ \
        crashes++; mem[i] = dur[i]; killed[i] = false; \
        s[i] = (s[i] & ~7) | (V >= 2 && VOTED(i, 2) -> 2 : 1) \
    KILL(i)
#ifdef RESTART_NO_SYNC
#define KILL(i) :: ((i) < SLOW && crashes < CRASHES && mem[i] != dur[i]) -> crashes++; killed[i] = true
#else
#define KILL(i)
#endif
#else
#define DISK(i)
#endif

#define VIEW1(i) ENTER(i, 1) NOTARIZE(i, 1, 0, 0) NOTARIZE(i, 1, 0, 1) NULLIFY(i, 1) FINALIZE(i, 1)
#if V >= 2
#define VIEW2(i) ENTER(i, 2) NOTARIZE(i, 2, 0, 0) NOTARIZE(i, 2, 0, 1) NOTARIZE(i, 2, 1, 0) \
    NOTARIZE(i, 2, 1, 1) NULLIFY(i, 2) FINALIZE(i, 2)
#else
#define VIEW2(i)
#endif
#if V >= 3
#define VIEW3(i) ENTER(i, 3) NOTARIZE(i, 3, 0, 0) NOTARIZE(i, 3, 0, 1) NOTARIZE(i, 3, 1, 0) \
    NOTARIZE(i, 3, 1, 1) NOTARIZE(i, 3, 2, 0) NOTARIZE(i, 3, 2, 1) NULLIFY(i, 3) FINALIZE(i, 3)
#else
#define VIEW3(i)
#endif
#define NODE(i) VIEW1(i) VIEW2(i) VIEW3(i) FORGET(i) DISK(i)

init {
    d_step {
        a = 0;
        do
        :: a < H -> s[a] = 1; a++
        :: else -> break
        od;
        a = 0
    }
end:
    do
    :: atomic {
        if
        NODE(0)
        NODE(1)
        NODE(2)
#if N - F >= 4
        NODE(3)
#endif
#if N - F >= 5
        NODE(4)
#endif
        fi;
        settle()
    }
    od
}
