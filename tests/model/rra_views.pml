/* Safety over more views and sizes: the model of rra_safety.pml with fewer states for the same votes.
 *
 * As there: no channels, f liars have signed everything, a certificate exists as soon as q - f honest
 * votes for its statement do, everybody may act on everything that exists or on nothing. Left out is what
 * can be put back into any run without changing a vote; each reduction is exact, but that the first also
 * allows L ahead in views of any leader, whatever was cast in cur:
 *
 * 1. No step for R0. A node enters a view in the step in which it casts N or L there, or L ahead from there:
 *    certificates do not vanish, so entering can wait until then. Of `cur` its votes tell that it is not
 *    below any N, nor more than K below any L. Which views can be entered depends on the certificates
 *    alone: whoever passes over a view on its way could have gone on from there.
 * 2. No step for R5. F enables nothing but Final, and only forbids its own node N and L of that view; what
 *    it asks for (Notar, no L, N none or the same) still holds at the end of the run, since its node
 *    casts no L and no other N there after F. So every run has the same votes as one with all F at its
 *    end, and F of different views do not touch each other. In every state we ask which Final would exist
 *    if all that may finalize did, and look for the fork among those.
 * 3. Two payloads a view and parent. Rename all but two payloads of a view to one of the two: nothing is
 *    forbidden by a certificate that exists, so every step of the run is still possible, and what was
 *    wrong stays wrong. The two are alike: the one that is voted for first is called 0.
 * 4. Honest nodes are alike: their states are kept sorted, and of equal ones the first moves.
 *
 * What rests on the order of F and other votes is left to rra_safety.pml (R2 tests F, amnesia). */
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
#define V 3
#endif
#ifndef K
#define K (N - Q) /* views ahead that may be nullified: at most 2 here */
#endif
#define H (N - F) /* honest */
#define NEED (Q - F)

/* One node: L of view v in bit v - 1, N in bits 4-23; a candidate of view v is the number
 * 2 * (parent view) + payload, below 2v. */
int s[H];
#define OFF(v) (4 + (v) * ((v) - 1))
#define LBIT(v) (1 << ((v) - 1))
#define NBIT(v, k) (1 << (OFF(v) + (k)))
#define NMASK(v) (((1 << (2 * (v))) - 1) << OFF(v))
/* N in a view above v, or L above v + K */
#define ABOVE(v) ((15 & ~((1 << ((v) + K)) - 1)) | (16777200 & ~((1 << OFF((v) + 1)) - 1)))

/* Certificates that exist: functions of s. Candidate + 1, or 0. */
byte notar[V + 1];
byte voted[V + 1]; /* bit pv: payload 0 of that parent has a vote */
byte null;         /* bit v */
byte entered = 2;  /* bit v: v can be entered */
#define NULL(v) ((null >> (v)) & 1)

hidden byte a, b, v_, k_, n_;
hidden int t_;
hidden byte final[V + 1];

inline count(mask)
{
    n_ = 0;
    a = 0;
    do
    :: a < H -> n_ = n_ + ((s[a] & (mask)) != 0); a++
    :: else -> break
    od
}

#ifdef FINALIZE_AFTER_NULLIFY
#define FORBIDS(v, k) (NMASK(v) & ~NBIT(v, k))
#else
#define FORBIDS(v, k) ((NMASK(v) & ~NBIT(v, k)) | LBIT(v)) /* R5 */
#endif

inline settle()
{
    d_step {
        /* Sort: one vote was added to s[b]. */
        do
        :: b < H - 1 && s[b] > s[b + 1] -> t_ = s[b]; s[b] = s[b + 1]; s[b + 1] = t_; b++
        :: else -> break
        od;
        v_ = 1;
        do
        :: v_ <= V ->
            count(LBIT(v_));
            null = null | ((n_ >= NEED) << v_);
            k_ = 0;
            do
            :: k_ < 2 * v_ ->
                count(NBIT(v_, k_));
                if
                :: n_ >= NEED ->
                    assert(notar[v_] == 0 || notar[v_] == k_ + 1); /* I9: at most one Notar a view */
                    notar[v_] = k_ + 1
                :: else
                fi;
                if
                :: n_ > 0 && (k_ & 1) == 0 -> voted[v_] = voted[v_] | (1 << (k_ / 2))
                :: else
                fi;
                k_++
            :: else -> break
            od;
            final[v_] = 0;
            if
            :: notar[v_] != 0 ->
                count(FORBIDS(v_, notar[v_] - 1));
                final[v_] = (H - n_ >= NEED -> notar[v_] : 0)
            :: else
            fi;
            v_++
        :: else -> break
        od;
        v_ = 2;
        do
        :: v_ <= V -> /* R0 */
            entered = entered | ((notar[v_ - 1] != 0 || (NULL(v_ - 1) && ((entered >> (v_ - 1)) & 1)) ||
                NULL(v_ + K)) << v_);
            v_++
        :: else -> break
        od;
#ifdef REACH /* must fail: the last view becomes final on the first, past nullified ones */
        assert(V < 3 || final[V] == 0 || final[1] == 0 || (final[V] - 1) / 2 != 1);
#endif
        v_ = 1;
        do
        :: v_ <= V && final[v_] != 0 ->
#ifndef FINALIZE_AFTER_NULLIFY
            assert(!NULL(v_)); /* I9: no Null with Final; without this one the fork itself is looked for */
#endif
            b = v_;
            k_ = v_ - 1; /* the ancestors of the final candidate: every final view below is one */
            do
            :: k_ >= 1 ->
                do
                :: b > k_ -> b = (notar[b] - 1) / 2
                :: else -> break
                od;
                assert(final[k_] == 0 || b == k_); /* no fork */
                k_--
            :: else -> break
            od;
#ifndef NO_GAP_CHECK
            k_ = v_ - 1; /* I10: all views between the candidate and its parent are nullified */
            do
            :: k_ > (final[v_] - 1) / 2 -> assert(NULL(k_)); k_--
            :: else -> break
            od;
            assert(k_ == 0 || notar[k_] != 0);
#endif
            v_++
        :: v_ <= V && final[v_] == 0 -> v_++
        :: else -> break
        od
    }
}

#define FIRST(i) ((i) == 0 || s[i] != s[(i) - ((i) > 0)])
#define ENTERS(i, v) ((s[i] & ABOVE(v)) == 0 && ((entered >> (v)) & 1))

/* R2: nothing cast in this view, the parent certified, the views between nullified. */
#ifdef NOTARIZE_TWICE
#define NO_N LBIT
#else
#define NO_N(v) (LBIT(v) | NMASK(v))
#endif
#ifdef NO_GAP_CHECK
#define GAPS(v, pv) true
#else
#define GAPS(v, pv) ((~null & ((1 << (v)) - 1) & ~((1 << ((pv) + 1)) - 1)) == 0)
#endif
#define NOTARIZE1(i, v, pv, p) \
    :: (FIRST(i) && (s[i] & (NO_N(v) | NBIT(v, 2 * (pv) + (p)))) == 0 && ENTERS(i, v) && \
        ((pv) == 0 || notar[pv] != 0) && GAPS(v, pv) && ((p) == 0 || ((voted[v] >> (pv)) & 1))) -> \
        b = i; s[i] = s[i] | NBIT(v, 2 * (pv) + (p))
#define NOTARIZE(i, v, pv) NOTARIZE1(i, v, pv, 0) NOTARIZE1(i, v, pv, 1)

/* R3: in cur and ahead */
#define AHEAD(i, v) \
    ((K >= 1 && (v) > 1 && ENTERS(i, (v) - 1)) || (K >= 2 && (v) > 2 && ENTERS(i, (v) - 2)))
#define NULLIFY(i, v) \
    :: (FIRST(i) && (s[i] & LBIT(v)) == 0 && (ENTERS(i, v) || AHEAD(i, v))) -> \
        b = i; s[i] = s[i] | LBIT(v)

#define NODE1(i) NULLIFY(i, 1) NOTARIZE(i, 1, 0)
#define NODE2(i) NODE1(i) NULLIFY(i, 2) NOTARIZE(i, 2, 0) NOTARIZE(i, 2, 1)
#define NODE3(i) NODE2(i) NULLIFY(i, 3) NOTARIZE(i, 3, 0) NOTARIZE(i, 3, 1) NOTARIZE(i, 3, 2)
#define NODE4(i) \
    NODE3(i) NULLIFY(i, 4) NOTARIZE(i, 4, 0) NOTARIZE(i, 4, 1) NOTARIZE(i, 4, 2) NOTARIZE(i, 4, 3)
#if V == 2
#define NODE NODE2
#elif V == 3
#define NODE NODE3
#else
#define NODE NODE4
#endif

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
        fi;
        settle()
    }
    od
}
