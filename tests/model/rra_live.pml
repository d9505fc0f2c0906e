/* Liveness: once messages arrive in time, a block becomes final at every honest node, with one liar
 * that leads view BYZ, proposes one or two blocks or none, helps any certificate along or not, and may
 * fall silent at any moment (docs/consensus.md, "Why it does not stay stuck").
 *
 * n = 4. Before `gst` anything may be lost, and any timer of the views up to CHAOS may fire. After it
 * what was sent arrives, through relays (R0) and repair (R8), and a timer fires only when nothing else
 * can happen: timers have grown long enough. Votes are not passed one by one: a node makes a
 * certificate in one step when q votes that can reach it exist; the votes before make no difference.
 * A candidate is 1 + 2 * (parent view) + payload. Commit: a Final of a view after the chaos, at every
 * honest node. Each step uses up something finite, so every run ends; weak fairness only sees to it that
 * it goes on until then.
 *
 * Left out: votes ahead. Without any, Null tells what Notar does, that honest nodes were in its view; what
 * they change is in rra_ahead.pml.
 *
 * BLACKOUT: all lose power at `gst`. What was recorded before a vote comes back, the votes are sent again,
 * and the liar need not help to certificates a second time. Mutants: NO_RELAY NO_RESEND CERT_DEAF, and with
 * BLACKOUT NO_CERT_RECORD (the certificate by which a view was left is not on disk before the next vote).
 * SPLIT and REACH must fail: an equivocating leader is believed by both halves; the end is reached. */
#ifndef V
#define V 2
#endif
#ifndef CHAOS
#define CHAOS 1 /* timers fire early up to this view */
#endif
#ifndef BYZ
#define BYZ 1 /* the view that the liar leads */
#endif
#define H 3
#define Q 3
#define AT(i, v) ((i) * (V + 2) + (v))

byte cur[H];
byte n[H * (V + 2)];  /* N: candidate */
bool l[H * (V + 2)];  /* L */
bool f[H * (V + 2)];  /* F: of the notarized candidate */
byte cn[H * (V + 2)]; /* Notar held: candidate */
bool cl[H * (V + 2)]; /* Null held */
bool cf[H * (V + 2)]; /* Final held */
bool gst;
byte done; /* bit i: node i holds a Final of a view after the chaos */
#ifdef NO_RESEND
byte lost[V + 1]; /* bits: N of node i (1 << i), L (8 << i), F (64 << i, in lostf) sent before gst */
byte lostf[V + 1];
#define HERE(v, b) (!gst || (lost[v] & (b)) == 0)
#define HEREF(v, b) (!gst || (lostf[v] & (b)) == 0)
#else
#define HERE(v, b) true
#define HEREF(v, b) true
#endif

/* The honest node that leads view v; H is nobody: the liar. */
#define LEADER(v) ((v) == BYZ -> H : ((v) < BYZ -> (v) - 1 : (v) - 2))

#define NV(j, v, c, i) ((n[AT(j, v)] == (c)) && ((i) == (j) || HERE(v, 1 << (j))))
#define LV(j, v, i) (l[AT(j, v)] && ((i) == (j) || HERE(v, 8 << (j))))
#define FV(j, v, i) (f[AT(j, v)] && ((i) == (j) || HEREF(v, 1 << (j))))
#define NCOUNT(v, c, i) (NV(0, v, c, i) + NV(1, v, c, i) + NV(2, v, c, i))
#define LCOUNT(v, i) (LV(0, v, i) + LV(1, v, i) + LV(2, v, i))
#define FCOUNT(v, i) (FV(0, v, i) + FV(1, v, i) + FV(2, v, i))
#define HELD_N(v, c) (cn[AT(0, v)] == (c) || cn[AT(1, v)] == (c) || cn[AT(2, v)] == (c))
#define HELD_L(v) (cl[AT(0, v)] || cl[AT(1, v)] || cl[AT(2, v)])
#define HELD_F(v) (cf[AT(0, v)] || cf[AT(1, v)] || cf[AT(2, v)])

#ifdef NO_RELAY
#define RELAY false
#else
#define RELAY true
#endif

#ifdef CERT_DEAF
#define HEARS(i) (!l[AT(i, cur[i])])
#else
#define HEARS(i) true
#endif

/* The leader of v still holds what its proposal needs of view w. */
#define PROVES(v, w) \
    ((w) >= (v) || (n[AT(LEADER(v), v)] - 1) / 2 > (w) || ((n[AT(LEADER(v), v)] - 1) / 2 == (w) -> \
    cn[AT(LEADER(v), (w) % (V + 2))] != 0 : cl[AT(LEADER(v), (w) % (V + 2))]))

#define HOLD_N(i, v, c) \
    cn[AT(i, v)] = (c)
#define HOLD_F(i, v) cf[AT(i, v)] = true; done = ((v) > CHAOS -> done | (1 << (i)) : done)

hidden byte w_, p_;

#define FULL 7

/* A node looks at one view at a time; each rule is one step. */
inline rules(i, v)
{
    if
    /* R4: certificates from votes, or relayed (R0, R8). */
    :: cn[AT(i, v)] == 0 && n[AT(0, v)] != 0 &&
       (NCOUNT(v, n[AT(0, v)], i) >= Q || (RELAY && HELD_N(v, n[AT(0, v)]))) ->
        HOLD_N(i, v, n[AT(0, v)])
    :: cn[AT(i, v)] == 0 && n[AT(1, v)] != 0 &&
       (NCOUNT(v, n[AT(1, v)], i) >= Q || (RELAY && HELD_N(v, n[AT(1, v)]))) ->
        HOLD_N(i, v, n[AT(1, v)])
    :: cn[AT(i, v)] == 0 && n[AT(2, v)] != 0 &&
       (NCOUNT(v, n[AT(2, v)], i) >= Q || (RELAY && HELD_N(v, n[AT(2, v)]))) ->
        HOLD_N(i, v, n[AT(2, v)])
    :: !cl[AT(i, v)] && (LCOUNT(v, i) >= Q || (RELAY && HELD_L(v))) -> cl[AT(i, v)] = true
    :: !cf[AT(i, v)] && cn[AT(i, v)] != 0 && (FCOUNT(v, i) >= Q || (RELAY && HELD_F(v))) ->
        HOLD_F(i, v)
    /* R0 Enter. */
    :: cur[i] <= v && (cn[AT(i, v)] != 0 || cl[AT(i, v)]) && HEARS(i) -> cur[i] = v + 1
    /* R1 Propose: on the highest view with Notar, Null between. */
    :: cur[i] == v && LEADER(v) == i && n[AT(i, v)] == 0 && !l[AT(i, v)] && !f[AT(i, v)] &&
       (v == 1 || cn[AT(i, v - 1)] != 0 || (cl[AT(i, v - 1)] && (v == 2 || cn[AT(i, v - 2)] != 0 ||
       (cl[AT(i, v - 2)] && (v == 3 || cn[AT(i, v - 3)] != 0 || cl[AT(i, v - 3)]))))) ->
        w_ = v - 1;
        do
        :: w_ > 0 && cn[AT(i, w_)] == 0 -> w_--
        :: else -> break
        od;
        n[AT(i, v)] = 1 + 2 * w_;
        w_ = 0
    /* R2 Notarize what an honest leader proposed: its certificates come with it. */
    :: LEADER(v) < H && LEADER(v) != i && n[AT(LEADER(v), v)] != 0 && HERE(v, 1 << LEADER(v)) &&
       cur[i] <= v && n[AT(i, v)] == 0 && !l[AT(i, v)] && !f[AT(i, v)] &&
       PROVES(v, 1) && PROVES(v, 2) && PROVES(v, 3) && (cur[i] == v || (RELAY && HEARS(i))) ->
        p_ = (n[AT(LEADER(v), v)] - 1) / 2;
        w_ = v - 1;
        do
        :: w_ > p_ -> cl[AT(i, w_)] = true; w_--
        :: else -> break
        od;
        if
        :: p_ > 0 -> cn[AT(i, p_)] = cn[AT(LEADER(v), p_)]
        :: else
        fi;
        cur[i] = v;
        n[AT(i, v)] = n[AT(LEADER(v), v)];
        w_ = 0;
        p_ = 0
    /* R5 Finalize. */
    :: cn[AT(i, v)] != 0 && !l[AT(i, v)] && !f[AT(i, v)] &&
       (n[AT(i, v)] == 0 || n[AT(i, v)] == cn[AT(i, v)]) -> f[AT(i, v)] = true
    /* R3 Nullify. */
    :: !gst && v <= CHAOS && cur[i] == v && !l[AT(i, v)] && !f[AT(i, v)] -> l[AT(i, v)] = true
    :: gst && timeout && cur[i] == v && !l[AT(i, v)] && !f[AT(i, v)] -> l[AT(i, v)] = true
    fi
}

proctype honest(byte i)
{
end:
    do
    :: atomic { rules(i, 1) }
    :: atomic { rules(i, 2) }
#if V >= 3
    :: atomic { rules(i, 3) }
#endif
#if V >= 4
    :: atomic { rules(i, 4) }
#endif
    od
}

/* The liar's votes: it has signed everything, and shows a node what it likes. */
#define LIE_N(i, v, c) \
    :: atomic { cn[AT(i, v)] == 0 && NCOUNT(v, c, 9) + 1 >= Q -> HOLD_N(i, v, c) }
#define LIE_L(i, v) :: atomic { !cl[AT(i, v)] && LCOUNT(v, 9) + 1 >= Q -> cl[AT(i, v)] = true }
#define LIE_F(i, v) \
    :: atomic { !cf[AT(i, v)] && cn[AT(i, v)] != 0 && FCOUNT(v, 9) + 1 >= Q -> HOLD_F(i, v) }
/* Its proposals, in its view: on the view before, or on view 0 past a nullified view 1. */
#define OFFER(i, c, good) \
    :: atomic { cur[i] == BYZ && n[AT(i, BYZ)] == 0 && !l[AT(i, BYZ)] && !f[AT(i, BYZ)] && (good) -> \
        n[AT(i, BYZ)] = (c) }
#if BYZ == 1
#define OFFERS(i) OFFER(i, 1, true) OFFER(i, 2, true)
#elif BYZ == 2
#define OFFERS(i) OFFER(i, 1, cl[AT(i, 1)]) OFFER(i, 3, cn[AT(i, 1)] != 0) OFFER(i, 4, cn[AT(i, 1)] != 0)
#else
#define OFFERS(i) OFFER(i, 3, cn[AT(i, 1)] != 0 && cl[AT(i, 2)]) \
    OFFER(i, 5, cn[AT(i, 2)] != 0) OFFER(i, 6, cn[AT(i, 2)] != 0)
#endif
#define LIES(i, v) LIE_N(i, v, n[AT((i + 1) % 3, v)] + 16 * (n[AT((i + 1) % 3, v)] == 0)) \
    LIE_N(i, v, n[AT(i, v)] + 16 * (n[AT(i, v)] == 0)) LIE_L(i, v) LIE_F(i, v)

proctype liar()
{
end:
    do
    LIES(0, 1) LIES(1, 1) LIES(2, 1)
#if BYZ >= 2
    LIES(0, 2) LIES(1, 2) LIES(2, 2)
#endif
    OFFERS(0) OFFERS(1) OFFERS(2)
    :: break /* silent from now on */
    od
}

#ifdef NO_CERT_RECORD
#define FORGET_N cn[AT(p_, w_)] = 0;
#define DROP cn[AT(p_, w_)] = 0; cl[AT(p_, w_)] = false; cf[AT(p_, w_)] = false;
#else
#define FORGET_N cn[AT(p_, w_)] = (f[AT(p_, w_)] -> cn[AT(p_, w_)] : 0); /* F rests on it: recorded */
#define DROP
#endif

proctype settle()
{
    d_step {
        gst = true;
#ifdef BLACKOUT
        p_ = 0;
        do
        :: p_ < H -> /* what was in memory alone is gone: certificates from the newest view voted in on */
            w_ = V;
            do
            :: w_ > 0 && n[AT(p_, w_)] == 0 && !l[AT(p_, w_)] ->
                cl[AT(p_, w_)] = false;
                FORGET_N
                cf[AT(p_, w_)] = false;
                w_--
            :: else -> break
            od;
            cur[p_] = (w_ > 1 -> w_ : 1);
            do
            :: w_ > 0 ->
                DROP
                w_--
            :: else -> break
            od;
            w_ = 1;
            do
            :: w_ <= V && (cn[AT(p_, w_)] != 0 || cl[AT(p_, w_)]) ->
                cur[p_] = (cur[p_] > w_ -> cur[p_] : w_ + 1);
                w_++
            :: w_ <= V && cn[AT(p_, w_)] == 0 && !cl[AT(p_, w_)] -> w_++
            :: else -> break
            od;
            p_++
        :: else -> break
        od;
        w_ = 0;
        p_ = 0;
#endif
#ifdef NO_RESEND
        w_ = 1;
        do
        :: w_ <= V ->
            p_ = 0;
            do
            :: p_ < H ->
                lost[w_] = lost[w_] | ((n[AT(p_, w_)] != 0) << p_) | (l[AT(p_, w_)] << (p_ + 3));
                lostf[w_] = lostf[w_] | (f[AT(p_, w_)] << p_);
                p_++
            :: else -> break
            od;
            w_++
        :: else -> break
        od;
        w_ = 0;
        p_ = 0
#endif
    }
}

init {
    atomic {
        cur[0] = 1; cur[1] = 1; cur[2] = 1;
        run honest(0); run honest(1); run honest(2); run liar(); run settle()
    }
}

#ifdef SPLIT /* may two honest nodes notarize different proposals of the liar? */
active proctype split()
{
end:
    d_step {
        n[AT(0, BYZ)] != 0 && n[AT(1, BYZ)] != 0 && n[AT(0, BYZ)] != n[AT(1, BYZ)] -> assert(false)
    }
}
#endif

#ifdef REACH
#define committed false
#else
#define committed (done == FULL)
#endif
ltl live { [](gst -> <> committed) }
