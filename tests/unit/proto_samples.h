/* One full example of every message that the codecs know, all fields set and all different, with
 * one pair of functions to encode and decode any of them: for tests that go over all of them. */
#ifndef RG_UNIT_PROTO_SAMPLES_H
#define RG_UNIT_PROTO_SAMPLES_H

#include "proto/client_codec.h"
#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"

enum sample_codec {
    SAMPLE_PEER,
    SAMPLE_REQUEST,
    SAMPLE_ANSWER,
    SAMPLE_EVENT,
    SAMPLE_BODY,
    SAMPLE_SUBMISSION,
    SAMPLE_BLOCK,
    SAMPLE_CODECS
};

/* What was decoded, by codec. */
union sample_out {
    struct rg_peer_message peer;
    struct rg_request request;
    struct rg_answer answer;
    struct rg_event event;
    struct rg_case_body body;
    struct rg_submission submission;
    struct rg_block block;
};

extern const struct rg_hash sample_ledger;

/* The full examples. Their lists are static. */
void sample_peer(enum rg_peer_kind kind, struct rg_peer_message *out);
void sample_request(enum rg_request_kind kind, struct rg_request *out);
void sample_answer(enum rg_answer_kind kind, struct rg_answer *out);
/* Kind 0: a step that corrects another; 1: what acknowledges an alert. */
void sample_event(unsigned kind, struct rg_event *out);
void sample_body(struct rg_case_body *out);
/* How many kinds of message @codec has; kinds are numbered from sample_first to the last one. */
unsigned sample_first(enum sample_codec codec);
unsigned sample_last(enum sample_codec codec);
/* Encode the example of @kind. Errors: those of the codec. */
rg_err sample_encode(enum sample_codec codec, unsigned kind, struct rg_arena *arena,
                     struct rg_bytes *out);
/* Decode as @codec. Errors: those of the codec. */
rg_err sample_decode(enum sample_codec codec, struct rg_arena *arena, struct rg_bytes bytes,
                     union sample_out *out);
/* Encode again what was decoded; for the codecs whose encoder takes what the decoder gives. */
rg_err sample_again(enum sample_codec codec, struct rg_arena *arena, const union sample_out *in,
                    struct rg_bytes *out);

#endif /* RG_UNIT_PROTO_SAMPLES_H */
