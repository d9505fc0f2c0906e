/* The oracle: reads every packet and every journal record on its own, without the core's or the
 * consensus' help, and knows what may never be. */
#ifndef RG_SIM_ORACLE_H
#define RG_SIM_ORACLE_H

#include "base/types.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;
struct rg_core_final;

#define SIM_ORACLE_NODES 20

/* What one key has signed in one view. */
struct sim_signed {
    bool has[4];     /* by kind */
    bool durable[4]; /* in the signer's journal for good */
    uint8_t what[4][40];
};

/* What is certified of one view. */
struct sim_certified {
    bool has[4]; /* by kind */
    uint8_t what[4][40];
    uint64_t nullifiers; /* honest keys whose NULLIFY is durable or out */
};

struct sim_submission {
    uint32_t signer;
    uint64_t sequence;
    uint8_t result;
};

struct sim_height {
    struct rg_hash hash;
    struct rg_hash facts; /* results and state */
    struct sim_submission *list;
    size_t count;
};

/* Who takes turns in an epoch, by node. */
#define SIM_EPOCHS 16
struct sim_epoch {
    uint16_t count; /* 0: it has not begun */
    uint64_t views;
    uint16_t node[SIM_ORACLE_NODES];
};

struct sim_oracle {
    struct sim_epoch epoch[SIM_EPOCHS]; /* from 1 */
    uint64_t newest;
    struct sim_signed *keys[SIM_ORACLE_NODES];
    uint64_t views[SIM_ORACLE_NODES]; /* room in keys */
    struct sim_height *chain;         /* from 1 */
    uint64_t height;
    uint64_t cap;
    uint64_t taken[SIM_ORACLE_NODES];    /* last submission that its node took */
    uint64_t executed[SIM_ORACLE_NODES]; /* last one accepted on the chain */
    uint64_t told[SIM_ORACLE_NODES];     /* last one that the client was told is final */
    struct sim_certified *views_of;      /* by view */
    uint64_t views_cap;
    uint64_t votes;
    uint64_t accused;   /* pairs of votes seen in journals */
    uint64_t nullified; /* views with a nullification on the wire */
    uint64_t last_cert; /* a mark of the one that was checked last */
    uint64_t max_view;
    const char *broken; /* the first violation; NULL: none */
    char detail[200];
};

void sim_oracle_fini(struct sim_oracle *o);
/* A vote (its 123 bytes) left node @from in a packet. */
void sim_oracle_sent(struct sim *s, uint16_t from, struct rg_bytes vote);
/* A vote is durable in node @of's journal. */
void sim_oracle_stored(struct sim *s, uint16_t of, struct rg_bytes vote);
/* An honest key's NULLIFY. */
void sim_oracle_nullifier(struct sim *s, uint16_t signer, uint64_t view);
/* A certificate left node @from. */
void sim_oracle_cert(struct sim *s, uint16_t from, struct rg_bytes cert);
/* Two votes in node @of's journal that are said to contradict each other. */
void sim_oracle_accused(struct sim *s, uint16_t of, struct rg_bytes pair);
/* Node @of calls a block final. */
void sim_oracle_final(struct sim *s, uint16_t of, const struct rg_core_final *f);
/* A client was told: node @of's submission @sequence stands at @height, @index. */
void sim_oracle_told(struct sim *s, uint16_t of, uint64_t sequence, uint64_t height, uint32_t index,
                     uint8_t result);
/* The node that is authority @signer of @epoch; UINT16_MAX when there is none, or nobody has seen
 * that epoch begin. */
uint16_t sim_oracle_node(const struct sim_oracle *o, uint64_t epoch, uint64_t signer);
/* Views of all epochs as one row of numbers. */
uint64_t sim_oracle_view(uint64_t epoch, uint64_t view);
/* Whether all that nodes took is on the chain. */
bool sim_oracle_all_done(const struct sim *s);

#endif /* RG_SIM_ORACLE_H */
