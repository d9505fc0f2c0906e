/* Load for `reigen bench`: clients that record made-up cases as fast as their node makes them
 * final. Each client is a thread with a session of its own; nothing is shared but the
 * configuration, which nobody changes, and the stop flag. */
#ifndef RG_CLI_BENCH_H
#define RG_CLI_BENCH_H

#include "client/pipeline.h"
#include "node/cli/profile.h"

#define RG_BENCH_CLIENTS_MAX 512
#define RG_BENCH_STEPS_MAX 6
#define RG_BENCH_FIELDS_MAX 2

/* What all clients do. */
struct rg_bench_plan {
    uint32_t batch;
    uint32_t window;
    int64_t until; /* rg_line_now() at which no more is sent */
    size_t step_count;
    char steps[RG_BENCH_STEPS_MAX][RG_NAME_MAX + 1];
    size_t field_count;
    const char *fields[RG_BENCH_FIELDS_MAX];
};

/* One client; results are its own until the thread is joined. */
struct rg_bench_client {
    const struct rg_bench_plan *plan;
    const struct rg_profile *profile;
    uint32_t number;
    uint64_t events; /* final */
    uint64_t last_height;
    uint32_t *latencies; /* microseconds of each request, malloc'ed */
    size_t latency_count;
    size_t latency_cap;
    int code; /* 0, or the exit code of what failed */
    char why[256];
};

/* Choose up to six steps and two fields that @agency may record under the definition in @yaml.
 * Errors: RG_ERR_INVALID  it has none. */
RG_CHECKED rg_err rg_bench_choose(struct rg_bytes yaml, const char *agency,
                                  struct rg_bench_plan *out);
/* Body of a client's thread; @arg is its struct rg_bench_client. */
void *rg_bench_run(void *arg);

#endif /* RG_CLI_BENCH_H */
