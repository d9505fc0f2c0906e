/* What the measurements of the rules share: a million events of real billing cases, the log again
 * and again, and twenty rules for them. Where the log is absent, cases are made that are like it.
 */
#ifndef RG_TESTS_BENCH_HOSPITAL_H
#define RG_TESTS_BENCH_HOSPITAL_H

#include "base/panic.h"
#include "base/prng.h"
#include "base/time.h"
#include "rules_log.h"
#include <stdio.h>
#include <stdlib.h>

#define HOSPITAL_LOG "../shared/data/hospital_billing.csv.gz"
#define EVENTS 1000000
#define PART 100000

static const char hospital_rules[] =
    "process: hospital\nversion: 1\nclock: event\nsteps: any\nfields: any\nrules:\n"
    "  - {id: h1, template: init, activities: [NEW]}\n"
    "  - {id: h2, template: exactly, activities: [NEW]}\n"
    "  - {id: h3, template: absence, n: 2, activities: [DELETE]}\n"
    "  - {id: h4, template: response, activities: [FIN, RELEASE]}\n"
    "  - {id: h5, template: response_within, within: P30D, hard: P90D, activities: [RELEASE, "
    "BILLED],"
    " heal: true}\n"
    "  - {id: h6, template: response_any_within, within: P7D, activities: [CODE NOK, CODE OK, "
    "MANUAL]}\n"
    "  - {id: h7, template: alternate_response, activities: [REOPEN, FIN]}\n"
    "  - {id: h8, template: chain_response, activities: [CODE OK, BILLED]}\n"
    "  - {id: h9, template: responded_existence, activities: [STORNO, BILLED]}\n"
    "  - {id: h10, template: precedence, activities: [FIN, RELEASE]}\n"
    "  - {id: h11, template: chain_precedence, activities: [CODE OK, BILLED]}\n"
    "  - {id: h12, template: alternate_precedence, activities: [RELEASE, BILLED]}\n"
    "  - {id: h13, template: not_succession, activities: [DELETE, BILLED]}\n"
    "  - {id: h14, template: not_coexistence, activities: [DELETE, BILLED]}\n"
    "  - {id: h15, template: four_eyes, activities: [NEW, BILLED]}\n"
    "  - {id: h16, template: max_delay, within: P60D, activities: [FIN, BILLED]}\n"
    "  - {id: h17, template: case_duration, within: P365D}\n"
    "  - {id: h18, template: no_after_value, activities: [BILLED], column: state, values: "
    "[Closed]}\n"
    "  - {id: h19, template: counter, n: 3, window: P30D, activities: [CHANGE DIAGN]}\n"
    "  - {id: h20, template: stall, within: P180D}\n";

/* Cases of one to nine events, some days apart. */
static inline struct log *hospital_made(void)
{
    static const char *const steps[] = {"NEW",      "CHANGE DIAGN", "FIN",    "RELEASE", "CODE OK",
                                        "CODE NOK", "BILLED",       "REOPEN", "DELETE"};
    const size_t cap = 64u * 1024 * 1024;
    char *text = malloc(cap);
    char time[RG_TIME_TEXT_MAX];
    struct rg_prng p;
    RG_ASSERT(text != NULL);
    rg_prng_init(&p, 1);
    size_t len = (size_t)snprintf(text, cap, "case_id,activity,timestamp,resource,state\n");
    for (unsigned c = 0; c < 100000; c++) {
        int64_t ms = INT64_C(1350000000000) + (int64_t)rg_prng_below(&p, 100000000) * 1000;
        const uint64_t events = rg_prng_below(&p, 9) + 1;
        for (uint64_t i = 0; i < events; i++) {
            rg_time_format(ms, time);
            len +=
                (size_t)snprintf(text + len, cap - len, "c%u,%s,%s,r%u,%s\n", c,
                                 steps[i == 0 ? 0 : rg_prng_below(&p, 9)], time,
                                 (unsigned)rg_prng_below(&p, 50), i % 3 == 0 ? "Closed" : "Open");
            ms += (int64_t)rg_prng_below(&p, 3000000) * 1000;
        }
    }
    struct log *log = log_parse(text);
    free(text);
    return log;
}

static inline struct log *hospital_load(void)
{
    struct log *log = log_load(HOSPITAL_LOG);
    if (log == NULL) {
        (void)printf("%s is not there: cases made up\n", HOSPITAL_LOG);
        log = hospital_made();
    }
    RG_ASSERT(log != NULL && log->events > PART);
    return log;
}

#endif /* RG_TESTS_BENCH_HOSPITAL_H */
