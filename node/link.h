/* Messages between the two halves of a node. The ledger thread (node/loop) does what every node
 * does: gossip, consensus, journal, chain. The agency thread (node/agency) does what only this
 * agency may: its members' requests, case keys, rules, alerts. Neither touches the other's data;
 * they pass these messages over a pair of inproc sockets. A message and all it points to is one
 * malloc'ed block, given to the receiver, who frees it with rg_link_destroy. */
#ifndef RG_NODE_LINK_H
#define RG_NODE_LINK_H

#include "base/err.h"
#include "base/types.h"
#include "node/core/core.h"

enum rg_link_kind {
    RG_LINK_NONE,
    /* agency -> ledger */
    RG_LINK_SUBMIT, /* token, entry_count, data = entries (u32 length + bytes each), extra = private
                     */
    RG_LINK_FOLLOWED,  /* height: vault and alerts are durable up to here */
    RG_LINK_PEER_SEND, /* peer, data = PeerMessage for sync */
    RG_LINK_STOP,      /* end of the agency thread was asked for and done */
    /* ledger -> agency */
    RG_LINK_OWN_RECORD,   /* at start, in order: sequence, data = submission, extra = private */
    RG_LINK_START,        /* all own records were sent: begin; height = chain tip */
    RG_LINK_TAKEN,        /* token, sequence (0: the mempool is full), hash */
    RG_LINK_OWN_FINAL,    /* token, sequence, height, index, result, hash */
    RG_LINK_CHAIN,        /* height, time_ms: the chain on disk holds blocks up to here */
    RG_LINK_PEER_MESSAGE, /* peer, data = PeerMessage with keys, key_ack, key_pull or alert_digests
                           */
    RG_LINK_PEER_UP,      /* peer: its status was heard again after silence */
    RG_LINK_STATUS,       /* data = struct rg_link_status */
    RG_LINK_ALARM         /* data = text, for alert.system */
};

struct rg_link_status {
    struct rg_core_status core;
    uint64_t mono_ms;       /* when it was taken */
    uint64_t start_mono_ms; /* when this node began to listen */
    uint64_t frames;        /* application frames received on all sockets of the ledger thread */
    uint64_t refused;       /* handshakes refused by the ZAP handler, all domains */
    bool cut[RG_AUTHORITIES_MAX]; /* by place: a test cut the connections to it (node/cut.h) */
};

struct rg_link_message {
    enum rg_link_kind kind;
    uint16_t peer;
    uint8_t result;
    uint32_t index;
    uint32_t entry_count;
    uint64_t token;
    uint64_t sequence;
    uint64_t height;
    uint64_t time_ms;
    struct rg_hash hash;
    struct rg_bytes data;
    struct rg_bytes extra;
};

/* Make a message of @head's scalar fields with copies of @data and @extra. Gives @out.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_link_new(const struct rg_link_message *head, struct rg_bytes data,
                              struct rg_bytes extra, struct rg_link_message **out);
/* Free; takes *@m_p and nulls it; NULL is fine. */
void rg_link_destroy(struct rg_link_message **m_p);
/* Send *@m_p over the pair socket @socket (a zsock_t), taking it and nulling the pointer. Blocks
 * never: the pair has no limit of its own, each side bounds what it has under way. */
void rg_link_send(void *socket, struct rg_link_message **m_p);
/* Receive a message without waiting. NULL when there is none. The caller owns it. */
struct rg_link_message *rg_link_receive(void *socket);

#endif /* RG_NODE_LINK_H */
