/* What the tests of the bus share: a small ledger whose members' keys are known, and memory
 * figures. */
#ifndef RG_UNIT_BUS_NET_H
#define RG_UNIT_BUS_NET_H

#include "crypto/sign.h"
#include "ledger/genesis.h"
#include "node/bus/peers.h"
#include "node/bus/socket.h"
#include "node/bus/zap.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <czmq.h>

/* Principals of the test ledger, in this order. */
enum net_who {
    NODE1,    /* authority 0, agency 0 */
    NODE2,    /* authority 1, agency 1 */
    OBSERVER, /* a node without a turn */
    MEMBER1,  /* agency 0: case system and monitor */
    MEMBER2,  /* agency 1: the same */
    AUDITOR1, /* agency 0: auditor */
    EXPIRED1, /* agency 0: monitor, until 1970 */
    NET_COUNT
};

struct net {
    struct rg_genesis *genesis;
    struct rg_sign *key[NET_COUNT];
    struct rg_sign *stranger;
    struct rg_zap *zap;
};

static inline void net_add(struct net *n, enum net_who who, const char *name, uint32_t agency,
                           uint32_t roles)
{
    uint8_t seed[32] = {0};
    seed[0] = (uint8_t)(who + 1);
    assert_int_equal(rg_sign_from_seed(seed, &n->key[who]), RG_OK);
    struct rg_principal *p = &n->genesis->principal[who];
    (void)snprintf(p->name, sizeof p->name, "%s", name);
    p->agency = agency;
    p->roles = roles;
    p->sign_key = *rg_sign_pubkey(n->key[who]);
    p->curve_key = *rg_sign_curve_pubkey(n->key[who]);
}

/* The ledger and, for the node NODE1, a ZAP handler. */
static inline void net_start(struct net *n)
{
    memset(n, 0, sizeof *n);
    assert_int_equal(rg_sign_start(), RG_OK);
    (void)zsys_init();
    n->genesis = calloc(1, sizeof *n->genesis);
    assert_non_null(n->genesis);
    n->genesis->agency_count = 2;
    n->genesis->principal_count = NET_COUNT;
    n->genesis->authority_count = 2;
    n->genesis->authority[0] = NODE1;
    n->genesis->authority[1] = NODE2;
    net_add(n, NODE1, "node1", 0, RG_ROLE_NODE);
    net_add(n, NODE2, "node2", 1, RG_ROLE_NODE);
    net_add(n, OBSERVER, "observer", 1, RG_ROLE_NODE);
    net_add(n, MEMBER1, "member1", 0, RG_ROLE_CASE_SYSTEM | RG_ROLE_MONITOR);
    net_add(n, MEMBER2, "member2", 1, RG_ROLE_CASE_SYSTEM | RG_ROLE_MONITOR);
    net_add(n, AUDITOR1, "auditor1", 0, RG_ROLE_AUDITOR);
    net_add(n, EXPIRED1, "expired1", 0, RG_ROLE_MONITOR);
    n->genesis->principal[EXPIRED1].valid_to_ms = 1;
    assert_int_equal(rg_sign_new(&n->stranger), RG_OK);
    /* The handler of the test before is gone, but libzmq frees its endpoint in a thread of its own.
     */
    rg_err err = rg_zap_start(n->genesis, NODE1, &n->zap);
    for (int i = 0; i < 3000 && err == RG_ERR_EXISTS; i++) {
        zclock_sleep(10);
        err = rg_zap_start(n->genesis, NODE1, &n->zap);
    }
    assert_int_equal(err, RG_OK);
}

static inline void net_stop(struct net *n)
{
    rg_zap_stop(&n->zap);
    for (size_t i = 0; i < NET_COUNT; i++) {
        rg_sign_destroy(&n->key[i]);
    }
    rg_sign_destroy(&n->stranger);
    free(n->genesis);
}

/* A socket of @role with @own's key, and @server's pinned when it connects. */
static inline zsock_t *net_socket(enum rg_socket_role role, const struct rg_sign *own,
                                  const struct rg_sign *server)
{
    char why[RG_SOCKET_WHY_MAX] = "";
    zsock_t *s = NULL;
    const struct rg_socket_config c = {
        .role = role,
        .own = own,
        .server = server != NULL ? rg_sign_curve_pubkey(server) : NULL,
        .cluster = true,
    };
    const rg_err err = rg_socket_new(&c, &s, why);
    if (err != RG_OK) {
        print_error("%s\n", why);
    }
    assert_int_equal(err, RG_OK);
    return s;
}

/* Resident memory of this process in KiB; with @peak its highest value. */
static inline long net_memory_kib(bool peak)
{
    char line[256];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    const char *form = peak ? "VmHWM: %ld" : "VmRSS: %ld";
    while (fgets(line, sizeof line, f) != NULL) {
        long v = 0;
        if (strncmp(line, form, 6) == 0 && sscanf(line + 6, "%ld", &v) == 1) {
            kib = v;
        }
    }
    (void)fclose(f);
    return kib;
}

#endif /* RG_UNIT_BUS_NET_H */
