/* The golden traces T1-T6: stories that the consensus tells, line by line. A is the leader of view
 * 1, B of view 2 and so on; links take 1 ms; what several do in the same millisecond is one line.
 */
#include "consensus_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct lab *tell(size_t n)
{
    struct lab *l = lab_new(n);
    l->tracing = true;
    lab_start(l);
    return l;
}

/* T1: the good case. Two link times to the next view, three to finality, then silence. */
static void good_case(void **state)
{
    (void)state;
    struct lab *l = tell(4);
    lab_work_all(l, true);
    lab_run(l, 14000);
    lab_expect(l, "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=1     BCD NOTARIZE 1\n"
                  "t=2     ABCD enters 2\n"
                  "t=2     ABCD FINALIZE 1\n"
                  "t=3     ABCD COMMIT height 1 of view 1\n");
    lab_free(l);
}

/* T1b: while there is work, the next leader proposes at once, without waiting for finality. */
static void pipelined(void **state)
{
    (void)state;
    struct lab *l = tell(4);
    for (size_t i = 0; i < 4; i++) {
        l->nodes[i].works_forever = true;
    }
    lab_work_all(l, true);
    lab_run(l, 6);
    lab_expect(l, "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=1     BCD NOTARIZE 1\n"
                  "t=2     ABCD enters 2\n"
                  "t=2     ABCD FINALIZE 1\n"
                  "t=2     B PROPOSE NEW 2 on 1 with 1 certificates\n"
                  "t=3     ABCD COMMIT height 1 of view 1\n"
                  "t=3     ACD NOTARIZE 2\n"
                  "t=4     ABCD enters 3\n"
                  "t=4     ABCD FINALIZE 2\n"
                  "t=4     C PROPOSE NEW 3 on 2 with 1 certificates\n"
                  "t=5     ABD NOTARIZE 3\n"
                  "t=5     ABCD COMMIT height 2 of view 2\n");
    lab_free(l);
}

/* T2: the leader of view 2 is dead. */
static void dead_leader(void **state)
{
    (void)state;
    struct lab *l = tell(4);
    lab_kill(l, 1);
    lab_work_all(l, true);
    lab_run(l, 10);
    lab_work_all(l, true);
    lab_run(l, 2000);
    lab_expect(l, "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=1     CD NOTARIZE 1\n"
                  "t=2     ACD enters 2\n"
                  "t=2     ACD FINALIZE 1\n"
                  "t=3     ACD COMMIT height 1 of view 1\n"
                  "t=110   ACD WAKE 2\n"
                  "t=1010  ACD NULLIFY 2\n"
                  "t=1011  ACD enters 3 past a nullified view\n"
                  "t=1011  C PROPOSE NEW 3 on 1 with 2 certificates\n"
                  "t=1012  AD NOTARIZE 3\n"
                  "t=1013  ACD enters 4\n"
                  "t=1013  ACD FINALIZE 3\n"
                  "t=1014  ACD COMMIT height 2 of view 3\n");
    lab_free(l);
}

/* T2b: B has been silent for long: its turn ends with A's, and C goes on as if B's had not been. */
static void silent_leader(void **state)
{
    (void)state;
    struct lab *l = tell(4);
    l->status_ms = 1000;
    lab_kill(l, 1);
    lab_run(l, 6500);
    lab_work_all(l, true);
    lab_run(l, 10);
    lab_work_all(l, true);
    lab_run(l, 3);
    lab_expect(l, "t=6500  A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=6500  A NULLIFY 2\n"
                  "t=6501  CD NOTARIZE 1\n"
                  "t=6501  CD NULLIFY 2\n"
                  "t=6502  ACD enters 2\n"
                  "t=6502  ACD FINALIZE 1\n"
                  "t=6502  ACD enters 3 past a nullified view\n"
                  "t=6503  ACD COMMIT height 1 of view 1\n"
                  "t=6510  C PROPOSE NEW 3 on 1 with 2 certificates\n"
                  "t=6511  AD NOTARIZE 3\n"
                  "t=6512  ACD enters 4\n"
                  "t=6512  ACD FINALIZE 3\n");
    lab_free(l);
}

/* The NOTARIZE votes of view 2, and the certificate they make, stay with one node. */
static size_t holder;

static bool split_filter(size_t from, size_t to, enum rg_action_kind kind,
                         const struct rg_vote *vote)
{
    if (vote != NULL && vote->kind == RG_VOTE_NOTARIZE && vote->cand.view == 2) {
        return to != holder;
    }
    return from == holder && kind == RG_ACTION_BCAST_CERT;
}

/* B proposes view 2, everybody notarizes it, only @who learns that; then B dies, after telling the
 * two others that it gave up on view 2. So @who holds Notar(2) and the others hold Null(2). */
static struct lab *split(size_t who)
{
    struct lab *l = tell(4);
    holder = who;
    l->filter = split_filter;
    lab_work_all(l, true);
    lab_run(l, 10);
    lab_work_all(l, true);
    lab_run(l, 3);
    lab_kill(l, 1);
    const struct rg_vote gone =
        lab_vote(&l->members, &l->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 2}, 1);
    for (size_t i = 0; i < 4; i++) {
        struct rg_cons_event ev = {.kind = RG_EVENT_VOTE, .peer = 1, .vote = &gone};
        if (i != who) {
            lab_give(l, i, &ev);
        }
    }
    lab_run(l, 300);
    return l;
}

/* T3: only A holds Notar(2). The next leader, C, builds on view 1 with Null(2) inline, and A
 * accepts. */
static void certificate_split(void **state)
{
    (void)state;
    struct lab *l = split(0);
    lab_expect(l, "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=1     BCD NOTARIZE 1\n"
                  "t=2     ABCD enters 2\n"
                  "t=2     ABCD FINALIZE 1\n"
                  "t=3     ABCD COMMIT height 1 of view 1\n"
                  "t=10    B PROPOSE NEW 2 on 1 with 1 certificates\n"
                  "t=11    ACD NOTARIZE 2\n"
                  "t=12    A enters 3\n"
                  "t=12    A FINALIZE 2\n"
                  "t=13    CD NULLIFY 2\n"
                  "t=14    CD enters 3 past a nullified view\n"
                  "t=14    C PROPOSE NEW 3 on 1 with 2 certificates\n"
                  "t=15    AD NOTARIZE 3\n"
                  "t=16    ACD enters 4\n"
                  "t=16    ACD FINALIZE 3\n"
                  "t=17    ACD COMMIT height 2 of view 3\n");
    lab_free(l);
}

/* T3b: it is C, the next leader, that holds Notar(2): it builds on view 2 with Notar(2) inline, and
 * the others accept although they have nullified view 2. */
static void certificate_split_leader(void **state)
{
    (void)state;
    struct lab *l = split(2);
    lab_expect(l, "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=1     BCD NOTARIZE 1\n"
                  "t=2     ABCD enters 2\n"
                  "t=2     ABCD FINALIZE 1\n"
                  "t=3     ABCD COMMIT height 1 of view 1\n"
                  "t=10    B PROPOSE NEW 2 on 1 with 1 certificates\n"
                  "t=11    ACD NOTARIZE 2\n"
                  "t=12    C enters 3\n"
                  "t=12    C FINALIZE 2\n"
                  "t=13    AD NULLIFY 2\n"
                  "t=14    AD enters 3 past a nullified view\n"
                  "t=112   C PROPOSE SAME 3 on 2 with 1 certificates\n"
                  "t=113   AD NOTARIZE 3\n"
                  "t=114   ACD enters 4\n"
                  "t=114   ACD FINALIZE 3\n"
                  "t=115   ACD COMMIT height 2 of view 2\n");
    lab_free(l);
}

/* T4: B, the leader, is dead; C dies with its NULLIFY on disk and unsent. Restarted, it sends the
 * same vote again and decides nothing anew. */
static void crash_before_send(void **state)
{
    (void)state;
    struct lab *l = tell(4);
    lab_kill(l, 1);
    lab_work_all(l, true);
    lab_run(l, 10);
    l->nodes[2].dies_at_barrier = true;
    lab_work_all(l, true);
    lab_run(l, 1500);
    lab_revive(l, 2);
    lab_run(l, 20);
    lab_expect(l, "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=1     CD NOTARIZE 1\n"
                  "t=2     ACD enters 2\n"
                  "t=2     ACD FINALIZE 1\n"
                  "t=3     ACD COMMIT height 1 of view 1\n"
                  "t=110   ACD WAKE 2\n"
                  "t=1010  AD NULLIFY 2\n"
                  "t=1010  C dies with its votes on disk, unsent\n"
                  "t=1510  C enters 2\n"
                  "t=1510  C NULLIFY 2\n"
                  "t=1510  C NOTARIZE 1\n"
                  "t=1510  C FINALIZE 1\n"
                  "t=1510  C COMMIT height 1 of view 1\n"
                  "t=1511  AD enters 3 past a nullified view\n"
                  "t=1512  C enters 3 past a nullified view\n");
    lab_free(l);
}

static bool no_final_1(size_t from, size_t to, enum rg_action_kind kind, const struct rg_vote *vote)
{
    (void)from;
    (void)to;
    (void)kind;
    return vote != NULL && vote->kind == RG_VOTE_FINALIZE && vote->cand.view == 1;
}

/* T5: the last block of the epoch is notarized but does not become final in its own view. Its child
 * can only be SAME, and that makes it final. */
static void boundary(void **state)
{
    (void)state;
    struct lab *l = tell(4);
    l->epoch_last_view = 1;
    l->filter = no_final_1;
    lab_work_all(l, true);
    lab_run(l, 500);
    lab_expect(l, "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=1     BCD NOTARIZE 1\n"
                  "t=2     ABCD enters 2\n"
                  "t=2     ABCD FINALIZE 1\n"
                  "t=102   ACD WAKE 2\n"
                  "t=102   B PROPOSE SAME 2 on 1 with 1 certificates\n"
                  "t=103   ACD NOTARIZE 2\n"
                  "t=104   ABCD enters 3\n"
                  "t=104   ABCD FINALIZE 2\n"
                  "t=105   ABCD COMMIT height 1 of view 1\n");
    lab_free(l);
}

/* T6: one authority alone: everything in one step; no loop without work. */
static void alone(void **state)
{
    (void)state;
    struct lab *l = tell(1);
    lab_work_all(l, true);
    lab_run(l, 1000);
    lab_expect(l, "t=0     A enters 2\n"
                  "t=0     A PROPOSE NEW 1 on 0 with 0 certificates\n"
                  "t=0     A FINALIZE 1\n"
                  "t=0     A COMMIT height 1 of view 1\n");
    lab_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_case),
        cmocka_unit_test(pipelined),
        cmocka_unit_test(dead_leader),
        cmocka_unit_test(silent_leader),
        cmocka_unit_test(certificate_split),
        cmocka_unit_test(certificate_split_leader),
        cmocka_unit_test(crash_before_send),
        cmocka_unit_test(boundary),
        cmocka_unit_test(alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
