/* Change of the authorities: the block that ends an epoch is followed only by itself (SAME) until a Final
 * covers it; then the next epoch begins with its own set, that block as root, and views from 1
 * (docs/consensus.md, "Change of the authorities").
 *
 * Votes as in rra_views.pml: no channels, liars have signed everything, no steps for R0 and R5. A block is
 * proposed as NEW, plain or the last of its epoch, or as SAME: the parent's once more. HA honest nodes are
 * in the old set alone, HO in both, HC in the new set alone; LA and LB liars; QA and QB quorums. A node
 * that voted in the new epoch votes no more in the old one.
 *
 * All votes of the old epoch come before those of the new one: nothing in the old epoch depends on the
 * new, and the new one only asks that the boundary be final, which stays true. So each run can be sorted
 * like that, and the old epoch is forgotten with the first vote of the new one.
 *
 * Checked: two finals are never on two branches, in either epoch; the final block that ends the epoch is
 * one, and nothing new is final behind it; a Null and a Final of one view never both exist.
 *
 * Mutants: CHILDREN (a NEW child of the last block); UNSIGNED (the epoch is not part of what is signed: a
 * NULLIFY of the old epoch counts in the new one); ON_NOTAR (an epoch begins when its root is notarized);
 * OLD_SET (some count by the old set, whose members go on). */
#ifndef HA
#define HA 1
#endif
#ifndef HO
#define HO 2
#endif
#ifndef HC
#define HC 1
#endif
#ifndef LA
#define LA 1
#endif
#ifndef LB
#define LB 1
#endif
#ifndef QA
#define QA 3
#endif
#ifndef QB
#define QB 3
#endif
#ifndef VE
#define VE 2 /* views of the old epoch: 2 or 3 */
#endif
#define VN 2 /* of the new */
#define H (HA + HO + HC)

/* L of view v in bit v - 1, N in bits 4-21; candidate 3 * (parent view) + kind, below 3v. */
#define SAME 0
#define PLAIN 1
#define LAST 2
#define OFF(v) (4 + 3 * (v) * ((v) - 1) / 2)
#define LBIT(v) (1 << ((v) - 1))
#define NBIT(v, k) (1 << (OFF(v) + (k)))
#define NMASK(v) (((1 << (3 * (v))) - 1) << OFF(v))
#define IN(v) (LBIT(v) | NMASK(v))
#define ABOVE(v) ((15 & ~((1 << (v)) - 1)) | (4194288 & ~((1 << OFF((v) + 1)) - 1)))

int s[H]; /* votes of the old epoch */
int t[H]; /* of the new */
byte root; /* 0, or the block that ended the old epoch */
bool begun;

/* Certificates of the epochs (0 old, 1 new): candidate + 1; the block of it, 3 * view + kind; bit v. */
byte notar[6];
byte block[6];
byte null[2];
#define AT(e, v) ((e) * 3 + (v) - 1)
#define NOTAR(e, v) notar[AT(e, v)]
#define BLOCK(e, v) ((v) == 0 -> 0 : block[AT(e, (v) + ((v) == 0))])
#define NULL(e, v) ((null[e] >> (v)) & 1)
#define ENDS(b) ((b) > 0 && (b) % 3 == LAST)

hidden byte a, b, e_, v_, k_, n_, m_, r_;
hidden int x_;
hidden byte final[4];

inline swap(x, y) { x_ = x; x = y; y = x_ }
inline sort(from, to)
{
    a = from;
    do
    :: a + 1 < to ->
        b = from;
        do
        :: b + 1 < to ->
            if
            :: s[b] > s[b + 1] || (s[b] == s[b + 1] && t[b] > t[b + 1]) ->
                swap(s[b], s[b + 1]);
                swap(t[b], t[b + 1])
            :: else
            fi;
            b++
        :: else -> break
        od;
        a++
    :: else -> break
    od
}

/* n_, m_: members of the old and of the new set with any of the votes. UNSIGNED: also is what counts of the
 * old epoch. */
inline count(mask, also)
{
    n_ = 0;
    m_ = 0;
    a = 0;
    do
    :: a < H ->
        x_ = (e_ == 0 -> s[a] : t[a]);
#ifdef UNSIGNED
        x_ = x_ | (e_ == 1 && a < HA + HO -> s[a] & (also) : 0);
#endif
        n_ = n_ + (a < HA + HO && (x_ & (mask)) != 0);
        m_ = m_ + (a >= HA && (x_ & (mask)) != 0);
        a++
    :: else -> break
    od
}
#ifdef OLD_SET
#define ENOUGH (e_ == 0 -> n_ + LA >= QA : m_ + LB >= QB || n_ + LA >= QA)
#define NOT_MANY (e_ == 0 -> HA + HO - n_ + LA >= QA : HO + HC - m_ + LB >= QB || HA + HO - n_ + LA >= QA)
#else
#define ENOUGH (e_ == 0 -> n_ + LA >= QA : m_ + LB >= QB)
#define NOT_MANY (e_ == 0 -> HA + HO - n_ + LA >= QA : HO + HC - m_ + LB >= QB)
#endif

inline certify()
{
    v_ = 1;
    do
    :: v_ <= (e_ == 0 -> VE : VN) ->
        count(LBIT(v_), LBIT(v_));
        null[e_] = null[e_] | (ENOUGH << v_);
        k_ = 0;
        do
        :: k_ < 3 * v_ ->
            count(NBIT(v_, k_), 0);
            if
            :: ENOUGH ->
                assert(NOTAR(e_, v_) == 0 || NOTAR(e_, v_) == k_ + 1); /* at most one Notar a view */
                NOTAR(e_, v_) = k_ + 1;
                block[AT(e_, v_)] = (k_ % 3 == SAME -> BLOCK(e_, k_ / 3) : 3 * v_ + k_ % 3)
            :: else
            fi;
            k_++
        :: else -> break
        od;
        final[v_] = 0;
        if
        :: NOTAR(e_, v_) != 0 ->
            count(IN(v_) & ~NBIT(v_, NOTAR(e_, v_) - 1), 0);
            final[v_] = (NOT_MANY -> NOTAR(e_, v_) : 0)
        :: else
        fi;
        v_++
    :: else -> break
    od;
    /* no fork */
    r_ = 0;
    v_ = 1;
    do
    :: v_ <= (e_ == 0 -> VE : VN) && final[v_] != 0 ->
        assert(!NULL(e_, v_));
        b = v_;
        do
        :: b > 0 ->
            k_ = (NOTAR(e_, b) - 1) / 3;
            a = k_ + 1;
            do
            :: a < b -> assert(final[a] == 0); a++ /* every final view below is that of an ancestor */
            :: else -> break
            od;
            if
            :: e_ == 0 && ENDS(BLOCK(0, k_)) ->
                assert(BLOCK(0, b) == BLOCK(0, k_)) /* nothing new behind the last block */
            :: else
            fi;
            b = k_
        :: else -> break
        od;
        v_++
    :: v_ <= (e_ == 0 -> VE : VN) && final[v_] == 0 -> v_++
    :: else -> break
    od;
    if
    :: e_ == 0 ->
        v_ = 1;
        do
        :: v_ <= VE ->
#ifdef ON_NOTAR
            if
            :: NOTAR(0, v_) != 0 && ENDS(BLOCK(0, v_)) ->
#else
            if
            :: final[v_] != 0 && ENDS(BLOCK(0, v_)) ->
#endif
                assert(r_ == 0 || r_ == BLOCK(0, v_)); /* one root */
                r_ = BLOCK(0, v_)
            :: else
            fi;
            v_++
        :: else -> break
        od
    :: else
    fi
}

inline settle()
{
    d_step {
        sort(0, HA);
        sort(HA, HA + HO);
        sort(HA + HO, H);
        if
        :: !begun -> e_ = 0; certify(); root = r_
        :: else
        fi;
        if
        :: begun -> e_ = 1; certify()
#ifdef REACH /* must fail: the new epoch makes its second view final */
            assert(final[2] == 0)
#endif
        :: else
        fi
    }
}

#ifdef UNSIGNED
#define FORGET
#else
#define FORGET \
    a = 0; \
    do \
    :: a < H -> s[a] = 0; a++ \
    :: else -> break \
    od; \
    a = 0; \
    do \
    :: a < 3 -> notar[a] = 0; block[a] = 0; a++ \
    :: else -> break \
    od; \
    null[0] = 0;
#endif
#define BEGIN \
    d_step { \
        if \
        :: !begun -> begun = true; root = 1; FORGET a = 0 \
        :: else \
        fi \
    }

#define GAPS(e, v, pv) ((~null[e] & ((1 << (v)) - 1) & ~((1 << ((pv) + 1)) - 1)) == 0)
#define ENTERS(x, e, v) \
    (((x) & ABOVE(v)) == 0 && ((v) == 1 || NOTAR(e, (v) - ((v) > 1)) != 0 || NULL(e, (v) - 1)))
#define SHOWN(e, v, pv) (((pv) == 0 || NOTAR(e, (pv) + ((pv) == 0)) != 0) && GAPS(e, v, pv))
#ifdef CHILDREN
#define CHILD(pv) true
#else
#define CHILD(pv) (!ENDS(BLOCK(0, pv)))
#endif
#define OLD(i) (!begun && (i) < HA + HO)
#ifdef OLD_SET
#define NEW(i) (root != 0)
#else
#define NEW(i) (root != 0 && (i) >= HA)
#endif
#define OLDN(i, v, pv, kind, ok) \
    :: (OLD(i) && (s[i] & IN(v)) == 0 && ENTERS(s[i], 0, v) && SHOWN(0, v, pv) && (ok)) -> \
        s[i] = s[i] | NBIT(v, 3 * (pv) + (kind))
#define OLDV(i, v, pv) \
    OLDN(i, v, pv, SAME, true) OLDN(i, v, pv, PLAIN, CHILD(pv)) OLDN(i, v, pv, LAST, CHILD(pv))
#define OLDL(i, v) \
    :: (OLD(i) && (s[i] & LBIT(v)) == 0 && ENTERS(s[i], 0, v)) -> s[i] = s[i] | LBIT(v)
#define NEWN(i, v, k) \
    :: (NEW(i) && (t[i] & IN(v)) == 0 && ENTERS(t[i], 1, v) && SHOWN(1, v, (k) / 3)) -> \
        BEGIN; t[i] = t[i] | NBIT(v, k)
#define NEWL(i, v) \
    :: (NEW(i) && (t[i] & LBIT(v)) == 0 && ENTERS(t[i], 1, v)) -> BEGIN; t[i] = t[i] | LBIT(v)
#if VE >= 3
#define OLD3(i) OLDL(i, 3) OLDV(i, 3, 0) OLDV(i, 3, 1) OLDV(i, 3, 2)
#else
#define OLD3(i)
#endif
#define NODE(i) NEWL(i, 1) NEWN(i, 1, 0) NEWN(i, 1, 1) NEWN(i, 1, 2) \
    NEWL(i, 2) NEWN(i, 2, 0) NEWN(i, 2, 1) NEWN(i, 2, 2) NEWN(i, 2, 3) NEWN(i, 2, 4) NEWN(i, 2, 5) \
    OLDL(i, 1) OLDV(i, 1, 0) OLDL(i, 2) OLDV(i, 2, 0) OLDV(i, 2, 1) OLD3(i)

init {
end:
    do
    :: atomic {
        if
        NODE(0)
#if HA + HO + HC >= 2
        NODE(1)
#endif
#if HA + HO + HC >= 3
        NODE(2)
#endif
#if HA + HO + HC >= 4
        NODE(3)
#endif
#if HA + HO + HC >= 5
        NODE(4)
#endif
#if HA + HO + HC >= 6
        NODE(5)
#endif
        fi;
        settle()
    }
    od
}
