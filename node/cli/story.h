/* The cases that the two simulated agencies of the AnKER Dresden pilot work through: what happens
 * when, who records it, and what goes wrong. Volumes and times are made up after what is publicly
 * known of the pilot (deploy/processes/anker-dresden.yaml). Pure: the same generator, the same
 * cases. */
#ifndef RG_CLI_STORY_H
#define RG_CLI_STORY_H

#include "base/prng.h"
#include "rules/calendar.h"

#define RG_STORY_STEPS_MAX 32
#define RG_STORY_RULES_MAX 4
#define RG_STORY_DEVIATIONS 40 /* kinds, with 0: none */

enum rg_story_who {
    RG_STORY_BAMF,
    RG_STORY_LDS
};

struct rg_story_step {
    enum rg_story_who who;
    bool late;         /* recorded more than a day after it happened */
    int64_t at_ms;     /* when it happens */
    const char *step;  /* its name in the process definition */
    const char *field; /* name of its one field; NULL: none */
    const char *value; /* the field's value; NULL: the date @day */
    int64_t day;       /* since 1970-01-01 */
    bool morning;      /* 07:00 UTC of that day, not the day alone */
};

struct rg_story {
    size_t deviation; /* number of its kind */
    bool elsewhere;   /* ends by distribution to another place */
    size_t count;
    struct rg_story_step steps[RG_STORY_STEPS_MAX]; /* in the order of their times */
};

/* A kind of mistake or mishap. */
struct rg_story_deviation {
    const char *title;
    const char
        *rules[RG_STORY_RULES_MAX]; /* whose alerts it raises, as often as named; then NULL */
};

extern const struct rg_story_deviation rg_story_deviations[RG_STORY_DEVIATIONS];

/* Make a case that begins on @day, a working day of @cal, with a deviation of the kind @deviation
 * (0: none). A case without one raises no alert; the others raise what rg_story_deviations says
 * and nothing else, when deadlines are judged by the times in @out. */
void rg_story_make(struct rg_prng *prng, const struct rg_calendar *cal, int64_t day,
                   size_t deviation, struct rg_story *out);

#endif /* RG_CLI_STORY_H */
