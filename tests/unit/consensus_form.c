/* Members, votes and certificates: numbers, the one encoded form, and all that is refused. */
#include "consensus_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct rg_hash hash_of(uint8_t fill)
{
    struct rg_hash h;
    memset(h.b, fill, sizeof h.b);
    return h;
}

static void quorum_table(void **state)
{
    (void)state;
    static const uint16_t table[][3] = {{1, 0, 1}, {2, 0, 2}, {3, 0, 2}, {4, 1, 3},  {5, 1, 4},
                                        {6, 1, 4}, {7, 2, 5}, {9, 2, 6}, {10, 3, 7}, {20, 6, 14}};
    struct rg_members m;
    struct rg_hash ledger;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lab_members(table[i][0], &m, &ledger);
        assert_int_equal(m.n, table[i][0]);
        assert_int_equal(m.f, table[i][1]);
        assert_int_equal(m.q, table[i][2]);
    }
    for (uint16_t n = 1; n <= RG_AUTHORITIES_MAX; n++) {
        lab_members(n, &m, &ledger);
        assert_true(2 * m.q >= m.n + m.f + 1);      /* two quorums share an honest key */
        assert_true(m.q <= m.n - m.f);              /* the honest are a quorum */
        assert_true(2 * (m.q - 1) < m.n + m.f + 1); /* the least such number */
    }
}

static void members_refused(void **state)
{
    (void)state;
    struct rg_members m;
    struct rg_hash ledger;
    lab_members(4, &m, &ledger);
    struct rg_members other = m;
    struct rg_pubkey keys[RG_AUTHORITIES_MAX + 1] = {0};
    assert_int_equal(rg_members_init(&other, keys, 0, &ledger), RG_ERR_INVALID);
    assert_int_equal(rg_members_init(&other, keys, RG_AUTHORITIES_MAX + 1, &ledger),
                     RG_ERR_INVALID);
    assert_int_equal(rg_members_init(&other, keys, 2, &ledger), RG_ERR_INVALID);
    assert_memory_equal(&other, &m, sizeof m);
    /* Order and ledger are part of the identity. */
    keys[0] = m.keys[1];
    keys[1] = m.keys[0];
    keys[2] = m.keys[2];
    keys[3] = m.keys[3];
    assert_int_equal(rg_members_init(&other, keys, 4, &ledger), RG_OK);
    assert_false(rg_hash_eq(&other.set_id, &m.set_id));
    struct rg_hash another = hash_of(1);
    assert_int_equal(rg_members_init(&other, m.keys, 4, &another), RG_OK);
    assert_false(rg_hash_eq(&other.set_id, &m.set_id));
}

static void turns(void **state)
{
    (void)state;
    struct rg_members m;
    struct rg_hash ledger;
    lab_members(3, &m, &ledger);
    assert_int_equal(rg_members_leader(&m, 0), 0);
    assert_int_equal(rg_members_leader(&m, 1), 0);
    assert_int_equal(rg_members_leader(&m, 3), 2);
    assert_int_equal(rg_members_leader(&m, 4), 0);
    assert_int_equal(rg_members_find(&m, &m.keys[2]), 2);
    struct rg_pubkey unknown = {{0}};
    assert_int_equal(rg_members_find(&m, &unknown), RG_MEMBERS_NONE);
}

static void vote_form(void **state)
{
    (void)state;
    struct rg_members m;
    struct rg_hash ledger;
    lab_members(4, &m, &ledger);
    const struct rg_cand cand = {.view = 9, .pview = 7, .hash = hash_of(3)};
    const struct rg_cand bare = {.view = 9};
    for (enum rg_vote_kind kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
        const struct rg_vote v =
            lab_vote(&m, &ledger, kind, kind == RG_VOTE_NULLIFY ? bare : cand, 2);
        uint8_t bytes[RG_VOTE_BYTES + 1] = {0};
        rg_vote_encode(&v, bytes);
        struct rg_vote back;
        assert_int_equal(rg_vote_decode((struct rg_bytes){bytes, RG_VOTE_BYTES}, &back), RG_OK);
        assert_int_equal(back.kind, v.kind);
        assert_int_equal(back.signer, 2);
        assert_true(rg_cand_eq(&back.cand, &v.cand));
        assert_true(rg_vote_check(&back, &ledger, &m, lab_verify));
        back.epoch = 1; /* another epoch is another statement */
        assert_false(rg_vote_check(&back, &ledger, &m, lab_verify));
        assert_int_equal(rg_vote_decode((struct rg_bytes){bytes, RG_VOTE_BYTES - 1}, &back),
                         RG_ERR_INVALID);
        assert_int_equal(rg_vote_decode((struct rg_bytes){bytes, RG_VOTE_BYTES + 1}, &back),
                         RG_ERR_INVALID);
        /* Every byte counts: the change is refused or is another statement. */
        for (size_t i = 0; i < RG_VOTE_BYTES; i++) {
            bytes[i] ^= 1;
            if (rg_vote_decode((struct rg_bytes){bytes, RG_VOTE_BYTES}, &back) == RG_OK) {
                assert_false(rg_vote_check(&back, &ledger, &m, lab_verify));
            }
            bytes[i] ^= 1;
        }
    }
}

static void vote_refused(void **state)
{
    (void)state;
    struct rg_members m;
    struct rg_hash ledger;
    lab_members(4, &m, &ledger);
    const struct rg_cand cand = {.view = 9, .pview = 7, .hash = hash_of(3)};
    struct rg_vote v = lab_vote(&m, &ledger, RG_VOTE_NOTARIZE, cand, 2);
    assert_true(rg_vote_well_formed(&v, &m));
    v.signer = 4;
    assert_false(rg_vote_well_formed(&v, &m));
    assert_false(rg_vote_check(&v, &ledger, &m, lab_verify));
    v.signer = 2;
    v.cand.pview = 9;
    assert_false(rg_vote_well_formed(&v, &m));
    v.cand = (struct rg_cand){.view = 0};
    assert_false(rg_vote_well_formed(&v, &m));
    v.kind = RG_VOTE_NULLIFY;
    v.cand = (struct rg_cand){.view = 9, .pview = 1};
    assert_false(rg_vote_well_formed(&v, &m));
    v.cand = (struct rg_cand){.view = 9, .hash = hash_of(1)};
    assert_false(rg_vote_well_formed(&v, &m));
    v.kind = RG_VOTE_NONE;
    assert_false(rg_vote_well_formed(&v, &m));
}

static void conflicts(void **state)
{
    (void)state;
    const struct rg_cand a = {.view = 5, .pview = 4, .hash = hash_of(1)};
    const struct rg_cand b = {.view = 5, .pview = 3, .hash = hash_of(1)};
    const struct rg_cand none = {.view = 5};
    const struct rg_vote na = {.kind = RG_VOTE_NOTARIZE, .cand = a};
    const struct rg_vote nb = {.kind = RG_VOTE_NOTARIZE, .cand = b};
    const struct rg_vote fa = {.kind = RG_VOTE_FINALIZE, .cand = a};
    const struct rg_vote fb = {.kind = RG_VOTE_FINALIZE, .cand = b};
    const struct rg_vote l = {.kind = RG_VOTE_NULLIFY, .cand = none};
    assert_true(rg_vote_conflicts(&na, &nb));  /* E1 */
    assert_true(rg_vote_conflicts(&l, &fa));   /* E2 */
    assert_true(rg_vote_conflicts(&fa, &l));   /* E2 */
    assert_true(rg_vote_conflicts(&fa, &fb));  /* E3 */
    assert_true(rg_vote_conflicts(&na, &fb));  /* E5 */
    assert_false(rg_vote_conflicts(&na, &fa)); /* the normal case */
    assert_false(rg_vote_conflicts(&na, &l));  /* giving up after notarizing is allowed */
    assert_false(rg_vote_conflicts(&l, &na));
    assert_false(rg_vote_conflicts(&l, &l));
    struct rg_vote other = nb;
    other.signer = 1;
    assert_false(rg_vote_conflicts(&na, &other));
    other = nb;
    other.epoch = 1;
    assert_false(rg_vote_conflicts(&na, &other));
    other = nb;
    other.cand.view = 6;
    assert_false(rg_vote_conflicts(&na, &other));
}

static void cert_form(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4, 7, 9, 20, 64};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct rg_members m;
        struct rg_hash ledger;
        struct rg_sig sigs[RG_AUTHORITIES_MAX];
        lab_members(sizes[i], &m, &ledger);
        for (enum rg_vote_kind kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
            struct rg_cand cand = {.view = 9, .pview = 7, .hash = hash_of(3)};
            if (kind == RG_VOTE_NULLIFY) {
                cand = (struct rg_cand){.view = 9};
            }
            const struct rg_cert c = lab_cert(&m, &ledger, kind, cand, m.q, sigs);
            uint8_t bytes[RG_CERT_MAX];
            size_t len = 0;
            assert_int_equal(rg_cert_encode(&c, bytes, sizeof bytes, &len), RG_OK);
            assert_int_equal(len, rg_cert_size(&c));
            assert_int_equal(rg_cert_encode(&c, bytes, len - 1, &len), RG_ERR_FULL);
            struct rg_cert back;
            assert_int_equal(rg_cert_decode((struct rg_bytes){bytes, len}, &back), RG_OK);
            assert_true(rg_cert_check(&back, &ledger, &m, 0, lab_verify));
            assert_false(rg_cert_check(&back, &ledger, &m, 1, lab_verify));
            for (size_t cut = 0; cut < len; cut++) {
                assert_int_equal(rg_cert_decode((struct rg_bytes){bytes, cut}, &back),
                                 RG_ERR_INVALID);
            }
            for (size_t at = 0; at < len; at++) {
                bytes[at] ^= 4;
                if (rg_cert_decode((struct rg_bytes){bytes, len}, &back) == RG_OK) {
                    assert_false(rg_cert_check(&back, &ledger, &m, 0, lab_verify));
                }
                bytes[at] ^= 4;
            }
        }
    }
}

static void cert_refused(void **state)
{
    (void)state;
    struct rg_members m;
    struct rg_hash ledger;
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    lab_members(4, &m, &ledger);
    const struct rg_cand cand = {.view = 9, .pview = 7, .hash = hash_of(3)};
    const struct rg_cert good = lab_cert(&m, &ledger, RG_VOTE_NOTARIZE, cand, 4, sigs);
    assert_true(rg_cert_check(&good, &ledger, &m, 0, lab_verify));
    struct rg_cert c = lab_cert(&m, &ledger, RG_VOTE_NOTARIZE, cand, 2, sigs);
    assert_false(rg_cert_check(&c, &ledger, &m, 0, lab_verify)); /* q - 1 */
    c = lab_cert(&m, &ledger, RG_VOTE_NOTARIZE, cand, 4, sigs);
    c.signers = 7; /* fewer bits than signatures */
    assert_false(rg_cert_check(&c, &ledger, &m, 0, lab_verify));
    c.signers = 0x17; /* a bit beyond n */
    assert_false(rg_cert_check(&c, &ledger, &m, 0, lab_verify));
    c.signers = 15;
    c.n = 5;
    assert_false(rg_cert_check(&c, &ledger, &m, 0, lab_verify));
    c.n = 4;
    c.cand.pview = 9;
    assert_false(rg_cert_check(&c, &ledger, &m, 0, lab_verify));
    c.cand.pview = 7;
    sigs[1] = sigs[0]; /* one key twice */
    assert_false(rg_cert_check(&c, &ledger, &m, 0, lab_verify));
    struct rg_vote v;
    assert_false(rg_cert_vote(&c, 64, &v));
    c.count = 1;
    assert_false(rg_cert_vote(&c, 3, &v));
    c.signers = 1;
    assert_false(rg_cert_vote(&c, 3, &v));
}

static void cert_decode_refused(void **state)
{
    (void)state;
    struct rg_members m;
    struct rg_hash ledger;
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    lab_members(4, &m, &ledger);
    const struct rg_cand cand = {.view = 9, .pview = 7, .hash = hash_of(3)};
    const struct rg_cert good = lab_cert(&m, &ledger, RG_VOTE_FINALIZE, cand, 3, sigs);
    uint8_t bytes[RG_CERT_MAX];
    size_t len = 0;
    assert_int_equal(rg_cert_encode(&good, bytes, sizeof bytes, &len), RG_OK);
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 0},  {0, 4},    {17, 9},  /* kind, kind, pview = view */
               {57, 0}, {58, 1},   {59, 15}, /* n = 0, n = 260, one signature too few */
               {59, 3}, {59, 0x13}};         /* one too many, a bit beyond n */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t copy[RG_CERT_MAX];
        memcpy(copy, bytes, len);
        copy[bad[i].at] = bad[i].value;
        struct rg_cert c = good;
        assert_int_equal(rg_cert_decode((struct rg_bytes){copy, len}, &c), RG_ERR_INVALID);
        assert_ptr_equal(c.sigs, sigs); /* untouched */
    }
    memset(bytes + 9, 0, 16); /* view 0 */
    struct rg_cert c;
    assert_int_equal(rg_cert_decode((struct rg_bytes){bytes, len}, &c), RG_ERR_INVALID);
}

static void params(void **state)
{
    (void)state;
    const struct rg_cons_params good = rg_cons_params_default();
    assert_true(rg_cons_params_ok(&good));
    struct rg_cons_params p;
    const uint32_t huge = UINT32_MAX;
#define REFUSED(field, value)                                                                      \
    p = good;                                                                                      \
    p.field = (value);                                                                             \
    assert_false(rg_cons_params_ok(&p))
    REFUSED(empty_gap_ms, 0);
    REFUSED(empty_gap_ms, 1000);
    REFUSED(leader_ms, 2000);
    REFUSED(leader_ms, 0);
    REFUSED(view_ms, huge);
    REFUSED(cap_ms, 999);
    REFUSED(cap_ms, huge);
    REFUSED(retransmit_ms, 0);
    REFUSED(retransmit_ms, huge);
    REFUSED(skip_ms, 1000);
    REFUSED(skip_ms, huge);
    REFUSED(ring, 128);
    REFUSED(ring, 8192);
    REFUSED(ring, 1000);
    assert_true(rg_cons_size(4, &good) < rg_cons_size(20, &good));
}

static void texts(void **state)
{
    (void)state;
    for (enum rg_alarm id = RG_ALARM_NONE; id <= RG_ALARM_NO_ROOM; id++) {
        assert_true(strlen(rg_cons_alarm_text(id)) > 5);
    }
    assert_string_equal(rg_cons_alarm_text((enum rg_alarm)99), "unknown alarm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quorum_table),
        cmocka_unit_test(members_refused),
        cmocka_unit_test(turns),
        cmocka_unit_test(vote_form),
        cmocka_unit_test(vote_refused),
        cmocka_unit_test(conflicts),
        cmocka_unit_test(cert_form),
        cmocka_unit_test(cert_refused),
        cmocka_unit_test(cert_decode_refused),
        cmocka_unit_test(params),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
