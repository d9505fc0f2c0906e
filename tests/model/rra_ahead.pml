/* Nobody is stuck by votes ahead (docs/consensus.md R0, R3, "Why it does not stay stuck"): each view below
 * that of an honest node is certified on some honest disk, and once messages arrive a block becomes final.
 *
 * H = q honest nodes; the other n - q are liars or dead, as they please, and LIARS of them help certificates
 * along until `silent`. They lead the views in BAD. Before `gst` anybody may be thought silent, and any timer
 * fire, in the views up to CHAOS; after it only those that are, and a timer fires when nothing else can happen.
 *
 * A certificate is kept once for all, not for each node: before `gst` everybody may act on each that exists or
 * not, after it what is on an honest disk arrives (R8). `notar` and `null` are those that some honest node acted
 * on, and so wrote before its next vote; what no vote followed may as well not have happened, so loss of
 * power needs no step.
 * No step for R5: F asks for Notar, and with that on its disk nobody needs an L there. At the end those count
 * as having finalized who may. A candidate is its payload; parents count only in that they must be certified,
 * and every view between nullified. Every run ends.
 *
 * V - 1 - K is the highest CHAOS that leaves a view to succeed in, if a liar leads none of the last.
 * Mutants: JUMP (any Null(w) moves to w + 1); RESTART_AT_VOTE (a restarted node is in the highest view that
 * it voted in, also ahead). With NO_INV they are looked for by what comes of it: nothing becomes final. */
#ifndef N
#define N 4
#endif
#ifndef Q
#define Q 3
#endif
#ifndef K
#define K (N - Q)
#endif
#ifndef V
#define V 4
#endif
#ifndef CHAOS
#define CHAOS 1
#endif
#ifndef LIARS
#define LIARS 1
#endif
#ifndef BAD
#define BAD 4 /* bit v */
#endif
#define H Q /* 3 or 4 */
#define AT(i, v) ((i) * (V + 1) + (v))
#define ISBAD(v) ((BAD >> (v)) & 1)

byte cur[H];
byte n[H * (V + 1)]; /* N: payload 1, or 2 of a liar */
bool l[H * (V + 1)];
byte proposed;       /* bit v, of honest leaders */
byte notar, null;    /* bit v: held */
bool gst, silent = (LIARS == 0);

/* The honest node that leads v: they follow one another. */
#define BADS(v) (ISBAD(1) * ((v) > 1) + ISBAD(2) * ((v) > 2) + ISBAD(3) * ((v) > 3) + ISBAD(4) * ((v) > 4))
#define LEADS(i, v) (!ISBAD(v) && ((v) - 1 - BADS(v)) % H == (i))

#define BIT(x, v) (((x) >> (v)) & 1)

/* Functions of the above. Bit v: a certificate of v exists; what a proposal in v rests on exists. */
byte is_notar, is_null, shown;
#define NOTAR(v) BIT(is_notar, v)
#define NULL(v) BIT(is_null, v)
#define SHOWN(v) BIT(shown, v)

hidden byte a, b, w_, c_[3], l_;

inline count(v)
{
    c_[1] = 0;
    c_[2] = 0;
    l_ = 0;
    b = 0;
    do
    :: b < H ->
        c_[n[AT(b, v)]] = c_[n[AT(b, v)]] + 1;
        l_ = l_ + l[AT(b, v)];
        b++
    :: else -> break
    od
}

inline settle()
{
    d_step {
        is_notar = notar;
        is_null = null;
        shown = 2;
        a = 1;
        do
        :: a <= V ->
            count(a);
            w_ = (silent -> 0 : LIARS);
            is_notar = is_notar | ((c_[1] + w_ >= Q || (ISBAD(a) && c_[2] + w_ >= Q)) << a);
            is_null = is_null | ((l_ + w_ >= Q) << a);
            shown = shown | ((NOTAR(a) || (NULL(a) && SHOWN(a))) << (a + 1));
            a++
        :: else -> break
        od;
        a = 1;
#ifndef NO_INV
        do
        :: a < cur[0] || a < cur[1] || a < cur[2] || a < cur[H - 1] ->
            assert(BIT(notar, a) || BIT(null, a)); /* all views left are certified */
            a++
        :: else -> break
        od;
#endif
        a = 0; b = 0; w_ = 0; c_[0] = 0; c_[1] = 0; c_[2] = 0; l_ = 0
    }
}

/* Whoever makes or gets a proposal has its certificates. */
inline justify(v)
{
    w_ = v - 1;
    do
    :: w_ > 0 && NOTAR(w_) -> notar = notar | (1 << w_); break
    :: w_ > 0 && NULL(w_) && SHOWN(w_) -> null = null | (1 << w_); w_--
    :: w_ == 0 -> break
    od;
    w_ = 0
}

#define VOTED(i, v) (n[AT(i, v)] != 0 || l[AT(i, v)])
#define TIMER(i) (cur[i] <= V && !l[AT(i, cur[i] % (V + 1))])
#define SILENT(i, v) (gst -> silent && ISBAD(v) : cur[i] <= CHAOS && !LEADS(i, v))

#ifdef JUMP
#define TO(i, v) ((v) + 1)
#define MOVES(i, v) (cur[i] <= (v))
#else
#define TO(i, v) (cur[i] == (v) -> (v) + 1 : (v) - K)
#define MOVES(i, v) (cur[i] == (v) || cur[i] + K < (v))
#endif
#define VIEW(i, v) \
    /* R0 */ \
    :: (cur[i] <= v && NOTAR(v)) -> cur[i] = v + 1; notar = notar | (1 << v) \
    :: (MOVES(i, v) && NULL(v)) -> cur[i] = TO(i, v); null = null | (1 << v) \
    /* R1, R2 */ \
    :: (cur[i] == v && LEADS(i, v) && !VOTED(i, v) && SHOWN(v)) -> \
        justify(v); proposed = proposed | (1 << v); n[AT(i, v)] = 1 \
    :: (cur[i] == v && BIT(proposed, v) && !VOTED(i, v)) -> n[AT(i, v)] = 1 \
    :: (ISBAD(v) && !silent && cur[i] == v && !VOTED(i, v) && SHOWN(v)) -> justify(v); n[AT(i, v)] = 1 \
    :: (ISBAD(v) && !silent && cur[i] == v && !VOTED(i, v) && SHOWN(v)) -> justify(v); n[AT(i, v)] = 2 \
    /* R3 */ \
    :: (cur[i] == v && !l[AT(i, v)] && ((!gst && v <= CHAOS) || (gst && silent && ISBAD(v)))) -> \
        l[AT(i, v)] = true \
    :: (cur[i] == v && !l[AT(i, v)] && gst && timeout) -> l[AT(i, v)] = true \
    AHEAD1(i, v) AHEAD2(i, v) RESTART(i, v)
#if N - Q >= 1
#define AHEAD1(i, v) \
    :: (K >= 1 && (v) > 1 && cur[i] == (v) - 1 && VOTED(i, (v) - 1) && !l[AT(i, v)] && SILENT(i, v)) -> \
        l[AT(i, v)] = true
#else
#define AHEAD1(i, v)
#endif
#if N - Q >= 2
#define AHEAD2(i, v) \
    :: (K >= 2 && (v) > 2 && cur[i] == (v) - 2 && VOTED(i, (v) - 2) && l[AT(i, (v) - 1)] && !l[AT(i, v)] && \
        SILENT(i, (v) - 1) && SILENT(i, v)) -> l[AT(i, v)] = true
#else
#define AHEAD2(i, v)
#endif
#ifdef RESTART_AT_VOTE
#define RESTART(i, v) :: (!gst && cur[i] < (v) && l[AT(i, v)]) -> cur[i] = v
#else
#define RESTART(i, v)
#endif
#if V >= 4
#define VIEW4(i) VIEW(i, 4)
#else
#define VIEW4(i)
#endif
#if V >= 5
#define VIEW5(i) VIEW(i, 5)
#else
#define VIEW5(i)
#endif
#define NODE(i) VIEW(i, 1) VIEW(i, 2) VIEW(i, 3) VIEW4(i) VIEW5(i)

init {
    d_step {
        do
        :: a < H -> cur[a] = 1; a++
        :: else -> break
        od;
        a = 0
    }
    settle();
    do
    :: atomic {
        if
        NODE(0)
        NODE(1)
        NODE(2)
#if Q >= 4
        NODE(3)
#endif
        :: !gst -> gst = true
        :: !silent -> silent = true
        :: timeout && !TIMER(0) && !TIMER(1) && !TIMER(2) && !TIMER(H - 1) -> break
        fi;
        settle()
    }
    od;
#ifdef REACH /* must fail: the end is reached */
    assert(false);
#endif
    assert(cur[0] > V && cur[1] > V && cur[2] > V && cur[H - 1] > V);
    d_step {
        a = CHAOS + 1;
        do
        :: a <= V ->
            count(a);
            if /* those without L finalize what is notarized, as far as they notarized nothing else */
            :: BIT(notar, a) && l_ == 0 && (c_[1] == 0 || c_[2] == 0) -> b = 9; break
            :: else -> a++
            fi
        :: else -> break
        od;
        assert(b == 9) /* final in a view after the chaos */
    }
}
