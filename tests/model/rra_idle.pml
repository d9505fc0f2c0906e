/* Idle: without demand nobody votes; one submission at one node becomes final with a leader dead
 * (docs/consensus.md R7). n = 4, three alive, messages arrive. A node arms when it has submissions, sees
 * a proposal, saw more than f nullifications, or holds a notarized block that is not final. A node that
 * armed for its own submissions wakes the leader, and the submissions go with it to everybody. A timer
 * fires only where it is armed, and only when nothing else can happen. DEAD: the view whose leader is
 * dead; each node knows that sooner or later (UNKNOWN: it has died just now, nobody does). Then it nullifies that view ahead, when it has voted in the one
 * before; at once, when something is wanted; and, without demand, when another has nullified it: so nobody
 * is left with a NULLIFY that it sends for ever. When all is final no other view is nullified any more.
 * Mutants: NO_JOIN (who wants nothing does not join), DEMAND_LOST (the submissions go to the leader alone), NO_DEMAND_NEEDED (timers run
 * without demand), NO_ARM (who gets the submissions does not arm). */
#ifndef DEAD
#define DEAD 1
#endif
#ifndef AT_NODE
#define AT_NODE 0
#endif
#define V 4
#define H 3
#define LEADER(v) ((v) == DEAD -> H : ((v) < DEAD -> (v) - 1 : (v) - 2))
byte cur[H];
bool work[H];
bool woke[H];
byte n[V + 2], l[V + 2], f[V + 2]; /* bit i: node i has cast it */
bool carries[V + 2];                  /* the proposal of this view, or an ancestor, carries the submission */
byte top;                          /* highest notarized view */
byte done;                         /* bit i: the submission is final at node i */
bool submitted;
byte known;                        /* bit i: node i knows the leader of DEAD to be silent */
#define IN(set, i) (((set) >> (i)) & 1)
#define COUNT(set) (IN(set, 0) + IN(set, 1) + IN(set, 2))
#define NOTAR(v) (n[v] == 7)
#define NULL(v) (l[v] == 7)
#define FINAL(v) (f[v] == 7)
#define TAIL(i) (top > 0 && top < cur[i] && carries[top] && !IN(done, i))
#ifdef NO_ARM
#define WORK(i) (work[i] && i == AT_NODE)
#else
#define WORK(i) work[i]
#endif
#ifdef NO_DEMAND_NEEDED
#define ARMED(i) true
#else
#define ARMED(i) (WORK(i) || n[cur[i]] != 0 || COUNT(l[cur[i]]) > 1 || TAIL(i))
#endif

#ifdef NO_JOIN
#define JOINS false
#else
#define JOINS (l[DEAD] != 0)
#endif
#define MY_TURN(i) (LEADER(cur[i]) == i && !IN(l[cur[i]], i) && !IN(f[cur[i]], i))

proctype honest(byte i)
{
end:
    do
    :: atomic { cur[i] <= V && NOTAR(cur[i]) -> cur[i]++ }
    :: atomic { cur[i] <= V && NULL(cur[i]) -> cur[i]++ }
    :: atomic { /* R1; all messages arrive, so the parent is the highest notarized view */
        cur[i] <= V && MY_TURN(i) && n[cur[i]] == 0 && ARMED(i) ->
        carries[cur[i]] = carries[top] || work[i];
        n[cur[i]] = 1 << i }
    :: atomic {
        cur[i] <= V && n[cur[i]] != 0 && !IN(n[cur[i]], i) && !IN(l[cur[i]], i) ->
        n[cur[i]] = n[cur[i]] | (1 << i);
        if
        :: NOTAR(cur[i]) && top < cur[i] -> top = cur[i]
        :: else
        fi }
    :: atomic { /* R5 */
        top > 0 && NOTAR(top) && !IN(l[top], i) && !IN(f[top], i) -> f[top] = f[top] | (1 << i) }
    :: atomic { /* R6 */
        top > 0 && FINAL(top) && carries[top] && !IN(done, i) ->
        done = done | (1 << i);
        work[i] = false }
    :: atomic { /* WAKE */
        cur[i] <= V && WORK(i) && !woke[i] && LEADER(cur[i]) != i && n[cur[i]] == 0 ->
        woke[i] = true;
#ifdef DEMAND_LOST
        if
        :: LEADER(cur[i]) < H -> work[LEADER(cur[i])] = !IN(done, LEADER(cur[i]))
        :: else
        fi
#else
        work[0] = !IN(done, 0);
        work[1] = !IN(done, 1);
        work[2] = !IN(done, 2)
#endif
        }
    :: atomic { /* R3 */
        cur[i] <= V && timeout && ARMED(i) && !IN(l[cur[i]], i) && !IN(f[cur[i]], i) ->
        assert(submitted); /* no view change without demand */
        assert(done != 7 || cur[i] == DEAD); /* and none when all is final */
        l[cur[i]] = l[cur[i]] | (1 << i) }
#ifndef UNKNOWN
    :: atomic { !IN(known, i) -> known = known | (1 << i) }
#endif
    :: atomic { /* R3, ahead */
        cur[i] == DEAD - 1 && IN(known, i) && (IN(n[cur[i]], i) || IN(l[cur[i]], i)) && !IN(l[DEAD], i) ->
        l[DEAD] = l[DEAD] | (1 << i) }
    :: atomic { /* R3, at once */
        cur[i] == DEAD && IN(known, i) && (ARMED(i) || JOINS) && !IN(l[DEAD], i) ->
        l[DEAD] = l[DEAD] | (1 << i);
        assert(submitted) }
    od
}

proctype client()
{
    atomic { submitted = true; work[AT_NODE] = true }
}

/* Whoever stays idle for as long as it likes: the client may come after everything else rests. */
proctype patient()
{
    timeout -> run client()
}

init {
    atomic {
        cur[0] = 1; cur[1] = 1; cur[2] = 1;
        run honest(0); run honest(1); run honest(2);
        if
        :: run client()
        :: run patient()
        fi
    }
}

#define quiet (submitted || (cur[0] <= 1 && cur[1] <= 1 && cur[2] <= 1))
#define committed (done == 7)
#define OPEN(i) (cur[i] == DEAD && IN(l[DEAD], i))
#define resends (known == 7 && (OPEN(0) || OPEN(1) || OPEN(2)))
ltl idle { ([] quiet) && [](submitted -> <> committed) && <>[] !resends }
