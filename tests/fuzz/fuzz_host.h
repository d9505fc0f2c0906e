/* The definition that the rules host has open when a fuzzed message reaches it: seeds hold states
 * that were written under it. */
#ifndef RG_TESTS_FUZZ_FUZZ_HOST_H
#define RG_TESTS_FUZZ_FUZZ_HOST_H

static const char definition[] =
    "process: f\nversion: 1\nsteps: any\nrules:\n"
    "  - {id: r1, template: response_within, within: P1D, activities: [a, b]}\n"
    "  - {id: r2, template: four_eyes, activities: [a, b]}\n"
    "  - {id: r3, template: absence, n: 2, activities: [a]}\n"
    "  - {id: r4, template: chain_response, activities: [a, b]}\n"
    "  - {id: r5, template: responded_existence, activities: [a, b]}\n"
    "  - {id: r6, template: single_group, activities: [a]}\n"
    "  - {id: r7, template: response_within, within: P1D, calendar: C, from: resource, same: "
    "group, "
    "heal: true, hold: c, resume: d, activities: [a, b]}\n"
    "  - {id: r8, template: correlate, activities: [a, b], compare: {a: group, test: less, b: "
    "group}}\n"
    "  - {id: r9, template: clash, activities: [a, b], field: resource}\n"
    "  - {id: r10, template: counter, n: 3, window: P1D, activities: [a], reset: c}\n"
    "  - {id: r11, template: exclude, activities: [c, b], include: d}\n"
    "  - {id: r12, template: case_deadline, due: resource, done: group}\n"
    "  - {id: r13, template: precedence, heal: true, activities: [d, c]}\n"
    "holidays:\n  e: {easter: 1}\n  d: {before: 11-23, weekday: 3}\ncalendars:\n  C: [e, d]\n";

#endif /* RG_TESTS_FUZZ_FUZZ_HOST_H */
