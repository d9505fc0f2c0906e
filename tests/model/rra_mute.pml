/* Amnesia: an authority that lost its journal votes in no view in which it may have voted before
 * (docs/consensus.md, "A lost journal"). What it votes is left out, only where: then nothing that it signs
 * can contradict its earlier self, and everything else is as in the other models.
 *
 * To be in view v > 1 asks for a certificate of v - 1 (and, should that be a Null, for being in v - 1), or
 * of v + K, and so for q votes there, f of them the liars'; a late F in v for q votes in v. Who is in v and
 * has voted there may vote up to K views ahead, one after the other. There is no network: everybody may act
 * on every certificate, or not. A node that loses its journal asks with a fresh nonce, and needs ANSWERS
 * *other* authorities to tell their view, each with the certificate that brought them there. Its own view is
 * then the highest of the answers; it mutes itself in all views <= mute = own view + 1 + 2K, also for F.
 *
 * Why 1 + 2K: who voted in w was in w - K at least, came there by a certificate of w - K - 1 or of a later
 * view, and those who voted for that were in w - K - 1 - K at least. What kind a vote is of is not kept, so a
 * vote ahead also counts for what would be a Notar; that only allows more.
 *
 * Loss and release are one step, with the lowest answers there can be: views only rise, so what is
 * answered at once is lowest; a low mute forbids least; and to vote later is always possible. A node that
 * is alone with a certificate need not admit it: it says the view in which it was when it last voted. A liar
 * says 1.
 * A node that forgot is *settled* when its view is above its mute. Only settled nodes answer. At any time
 * at most AT_ONCE nodes are not settled, besides F liars; any node may be the next, LOSSES in all.
 * Nodes are alike, so they are kept sorted.
 *
 * EPOCH: the views behind this one are those of the next epoch, with the same set, which is entered by a
 * Final of its boundary in view 1 or EPOCH, so by q votes there. Nobody votes ahead past the end of an epoch.
 * Who is released in an epoch must also be mute in the first view of the next, and K more.
 *
 * A restart with the journal is no step at all. An old copy of a journal is a lost journal: NO_MUTE is
 * also the node that trusts one. Mutants: NO_MUTE; less PLUS; ANSWERS; STALE (answers from before the loss
 * count: the nonce is not checked); RELEASED (a released node counts as settled, and answers); SCOPED
 * (the mute ends with its epoch); LOSE_MUTE (the mute is not in the new journal at the next restart). */
#ifndef N
#define N 4
#endif
#ifndef F
#define F 0
#endif
#ifndef Q
#define Q 3
#endif
#ifndef K
#define K (N - Q)
#endif
#ifndef V
#define V (4 + 2 * K) /* 3 to 6 */
#endif
#ifndef AT_ONCE
#define AT_ONCE 1
#endif
#ifndef LOSSES
#define LOSSES 2
#endif
#ifndef ANSWERS
#define ANSWERS Q
#endif
#ifndef PLUS
#define PLUS (1 + 2 * K)
#endif
#ifndef EPOCH
#define EPOCH V
#endif
#define H (N - F)

/* Bits v (1 to V): what the node remembers. Bits 8 + v: what it ever voted in. Bits 16-19: mute, 15: it is
 * waiting. Bits 20-22: the view in which it was when it last voted, 0: it remembers none. */
int s[H];
byte losses;
byte voters[V + 1]; /* of each view; a function of s */
byte entered = 2;   /* bit v: v can be entered; a function of s */
#define MUTE(i) ((s[i] >> 16) & 15)
#define CUR(i) ((s[i] >> 20) & 7)
#define MEM(i, v) ((s[i] >> (v)) & 1)
#define EVER(i, v) ((s[i] >> (8 + (v))) & 1)
#define CERT(v) (voters[v] + F >= Q)
#define MAX(x, y) ((x) > (y) -> (x) : (y))
#ifdef RELEASED
#define SETTLED(i) (MUTE(i) < 15)
#define VIEW(i) MAX(CUR(i), MUTE(i) - (MUTE(i) > 0 -> PLUS : 0))
#else
#define SETTLED(i) (MUTE(i) == 0 || CUR(i) > MUTE(i) || (entered >> (MUTE(i) + 1)) != 0)
#define VIEW(i) MAX(CUR(i), (MUTE(i) > 0 -> MUTE(i) + 1 : 1))
#endif
#define SAME(u, v) ((u) > EPOCH || (v) <= EPOCH) /* the epoch of u is that of v > u */

hidden byte a, b, n_, w_;
hidden int t_;

/* w_ = the lowest view that ANSWERS others can bring node i to; 0 if so many do not answer */
inline ask(i)
{
    w_ = 0;
    n_ = 0;
    do
    :: w_ <= V && n_ < ANSWERS ->
        w_++;
        n_ = F;
        a = 0;
        do
        :: a < H -> n_ = n_ + (a != i && SETTLED(a) && VIEW(a) <= w_); a++
        :: else -> break
        od
    :: else -> break
    od;
    w_ = (n_ >= ANSWERS -> w_ : 0)
}

inline unsettled()
{
    n_ = 0;
    a = 0;
    do
    :: a < H -> n_ = n_ + !SETTLED(a); a++
    :: else -> break
    od
}

inline settle()
{
    d_step {
        a = 0;
        do
        :: a < H - 1 ->
            b = 0;
            do
            :: b < H - 1 ->
                if
                :: s[b] > s[b + 1] -> t_ = s[b]; s[b] = s[b + 1]; s[b + 1] = t_
                :: else
                fi;
                b++
            :: else -> break
            od;
            a++
        :: else -> break
        od;
        b = 1;
        do
        :: b <= V ->
            voters[b] = 0;
            a = 0;
            do
            :: a < H -> voters[b] = voters[b] + EVER(a, b); a++
            :: else -> break
            od;
            b++
        :: else -> break
        od;
        entered = 2;
        b = 2;
        do
        :: b <= V + 1 ->
            t_ = (CERT(b - 1) && ((entered >> (b - 1)) & 1)) || (EPOCH < V && b == EPOCH + 1 && CERT(1));
            if
            :: b + K <= V && SAME(b, b + K) -> t_ = t_ || CERT(b + K)
            :: else
            fi;
            entered = entered | (t_ << b);
            b++
        :: else -> break
        od;
        t_ = 0
    }
}

#define FIRST(i) ((i) == 0 || s[i] != s[(i) - ((i) > 0)])
#ifdef REACH /* must fail: who lost its journal votes again */
#define SEEN(i) assert(MUTE(i) == 0);
#else
#define SEEN(i)
#endif
#define CAST(i, u, v) /* in u, of v */ \
    SEEN(i) assert(!EVER(i, v)); /* it has been in this view before, and does not know */ \
    s[i] = (s[i] & ~(7 << 20)) | (257 << (v)) | (MAX(CUR(i), u) << 20)
#define MAY(i, u, v) (FIRST(i) && (v) > MUTE(i) && !MEM(i, v) && (u) >= CUR(i) && ((entered >> (u)) & 1))
/* R2, R3: in cur, and ahead of it where it has voted in cur and all between. */
#define VOTE(i, v) :: MAY(i, v, v) -> CAST(i, v, v) AHEAD1(i, v) AHEAD2(i, v)
#if N - Q >= 1
#define AHEAD1(i, v) \
    :: (K >= 1 && (v) > 1 && MAY(i, (v) - 1, v) && MEM(i, (v) - 1) && SAME((v) - 1, v)) -> \
        CAST(i, (v) - 1, v)
#else
#define AHEAD1(i, v)
#endif
#if N - Q >= 2
#define AHEAD2(i, v) \
    :: (K >= 2 && (v) > 2 && MAY(i, (v) - 2, v) && MEM(i, (v) - 1) && MEM(i, (v) - 2) && \
        SAME((v) - 2, v)) -> CAST(i, (v) - 2, v)
#else
#define AHEAD2(i, v)
#endif
/* R5, where it has not voted. */
#define LATE(i, v) \
    :: (FIRST(i) && (v) > MUTE(i) && !MEM(i, v) && CERT(v)) -> CAST(i, v, v)
#ifdef NO_MUTE
#define MUTED 0
#elif defined(STALE)
#define MUTED (1 + PLUS)
#elif defined(SCOPED)
#define MUTED (w_ <= EPOCH && w_ + PLUS > EPOCH -> EPOCH : w_ + PLUS)
#else
#define MUTED (EPOCH < V && w_ <= EPOCH -> EPOCH + 1 + K : w_ + PLUS)
#endif
#ifdef LOSE_MUTE
#define RESTART(i) :: (FIRST(i) && MUTE(i) > 0) -> s[i] = s[i] & ~(15 << 16)
#else
#define RESTART(i)
#endif
#define LOSE(i) \
    :: (FIRST(i) && losses < LOSSES && (s[i] & 255) != 0) -> \
        d_step { \
            t_ = s[i]; \
            s[i] = (t_ & 65280) | (15 << 16); /* so it is not settled itself */ \
            unsettled(); \
            b = n_; \
            ask(i); \
            if \
            :: b <= AT_ONCE && w_ > 0 -> losses++; s[i] = (t_ & 65280) | (MUTED << 16) \
            :: else -> s[i] = t_ \
            fi; \
            w_ = 0; \
            n_ = 0 \
        }
#define VIEW3(i) VOTE(i, 1) VOTE(i, 2) VOTE(i, 3) LATE(i, 1) LATE(i, 2) LATE(i, 3)
#if V >= 4
#define VIEW4(i) VOTE(i, 4) LATE(i, 4)
#else
#define VIEW4(i)
#endif
#if V >= 5
#define VIEW5(i) VOTE(i, 5) LATE(i, 5)
#else
#define VIEW5(i)
#endif
#if V >= 6
#define VIEW6(i) VOTE(i, 6) LATE(i, 6)
#else
#define VIEW6(i)
#endif
#define NODE(i) VIEW3(i) VIEW4(i) VIEW5(i) VIEW6(i) LOSE(i) RESTART(i)

init {
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
#if N - F >= 6
        NODE(5)
#endif
#if N - F >= 7
        NODE(6)
#endif
        fi;
        settle()
    }
    od
}
