#include "node/cli/story.h"
#include "base/panic.h"

#define DAY_MS INT64_C(86400000)
#define MINUTE_MS INT64_C(60000)
#define OPENS (7 * 60)     /* minutes of a day (UTC) after which something is recorded */
#define MINUTES_BETWEEN 20 /* two records of a case, at most; a day has room for all of a case */

enum deviation {
    NONE,
    ARRIVAL_LATE,
    ARRIVAL_VERY_LATE,
    READY_UNREGISTERED,
    PLANNED_UNREGISTERED,
    FILE_UNREGISTERED,
    REGISTERED_TWICE,
    CHECK_LATE,
    CHECK_VERY_LATE,
    CHECK_MISSING,
    CHECK_RECORDED_LATE,
    COUNSEL_LATE,
    COUNSEL_MISSING,
    COUNSEL_AFTER_FILE,
    COUNSEL_WRONG_DATE,
    COUNSEL_CLASH,
    READY_LATE,
    READY_VERY_LATE,
    PLANNED_EARLY,
    PLANNED_LATE,
    PLANNED_TWICE,
    FILE_UNPLANNED,
    FILE_OUTCOME_LATE,
    FILE_TWICE,
    FILE_AFTER_EASY,
    WORKED_AFTER_EASY,
    FILE_NO_SHOW,
    FILE_NO_SHOW_TWICE,
    FILE_NOT_REPLANNED,
    HEARING_LATE,
    HEARING_EARLY,
    HEARING_WITHOUT_FILE,
    HEARING_UNPLANNED,
    HEARING_PLANNED_TWICE,
    HEARING_OUTCOME_LATE,
    HEARING_NO_SHOW,
    HEARING_NO_SHOW_TWICE,
    HEARING_NOT_REPLANNED,
    FORGOTTEN,
    STEP_AFTER_END,
};

const struct rg_story_deviation rg_story_deviations[RG_STORY_DEVIATIONS] = {
    [NONE] = {"none", {NULL}},
    [ARRIVAL_LATE] = {"arrived after 6 days", {"R01"}},
    [ARRIVAL_VERY_LATE] = {"arrived after 9 days", {"R01", "R01.hard"}},
    [READY_UNREGISTERED] = {"reported ready before the registration", {"R09a"}},
    [PLANNED_UNREGISTERED] = {"appointment before the registration", {"R09a", "R09b"}},
    [FILE_UNREGISTERED] = {"file without a registration", {"R09a", "R09b", "R10"}},
    [REGISTERED_TWICE] = {"registered twice", {"R17b"}},
    [CHECK_LATE] = {"identity check late", {"R02"}},
    [CHECK_VERY_LATE] = {"identity check very late", {"R02", "R02.hard"}},
    [CHECK_MISSING] = {"file before the identity check", {"R02", "R03"}},
    [CHECK_RECORDED_LATE] = {"identity check recorded late", {"R28"}},
    [COUNSEL_LATE] = {"counselling offered late", {"R04"}},
    [COUNSEL_MISSING] = {"file before counselling was offered", {"R04", "R05"}},
    [COUNSEL_AFTER_FILE] = {"counselling scheduled after the file", {"R06"}},
    [COUNSEL_WRONG_DATE] = {"appointment with the wrong year", {"R27a"}},
    [COUNSEL_CLASH] = {"two appointments on one day", {"R30"}},
    [READY_LATE] = {"reported ready late", {"R08"}},
    [READY_VERY_LATE] = {"reported ready very late", {"R08", "R08.hard", "R19", "R19.hard"}},
    [PLANNED_EARLY] = {"appointment before the case was ready", {"R11"}},
    [PLANNED_LATE] = {"appointment made late", {"R12"}},
    [PLANNED_TWICE] = {"second appointment, the first still open", {"R27b"}},
    [FILE_UNPLANNED] = {"file without an appointment", {"R12", "R13"}},
    [FILE_OUTCOME_LATE] = {"outcome of the appointment late", {"R14"}},
    [FILE_TWICE] = {"file opened twice", {"R17a"}},
    [FILE_AFTER_EASY] = {"file after the distribution", {"R18a", "R25"}},
    [WORKED_AFTER_EASY] = {"worked on after the distribution", {"R18b", "R25"}},
    [FILE_NO_SHOW] = {"did not come to the appointment", {"R16"}},
    [FILE_NO_SHOW_TWICE] = {"did not come twice", {"R16", "R16", "R16.hard"}},
    [FILE_NOT_REPLANNED] = {"excused, no new appointment in time", {"R15"}},
    [HEARING_LATE] = {"hearing scheduled late", {"R20"}},
    [HEARING_EARLY] = {"hearing scheduled before the file", {"R21a"}},
    [HEARING_WITHOUT_FILE] = {"hearing without a file", {"R21a", "R21b"}},
    [HEARING_UNPLANNED] = {"hearing without an appointment", {"R22a"}},
    [HEARING_PLANNED_TWICE] = {"second hearing, the first still open", {"R27c"}},
    [HEARING_OUTCOME_LATE] = {"outcome of the hearing late", {"R22b"}},
    [HEARING_NO_SHOW] = {"did not come to the hearing", {"R23"}},
    [HEARING_NO_SHOW_TWICE] = {"did not come to two hearings", {"R23", "R23", "R23.hard"}},
    [HEARING_NOT_REPLANNED] = {"excused, no new hearing in time", {"R24"}},
    [FORGOTTEN] = {"nothing recorded for more than 14 days", {"R29"}},
    [STEP_AFTER_END] = {"a step after the end", {"R25"}},
};

/* A case in the making. */
struct plan {
    struct rg_story *story;
    struct rg_prng *prng;
    const struct rg_calendar *cal;
    int64_t day;     /* on which the next step happens */
    int64_t minutes; /* of it that are over */
};

static bool is(const struct plan *p, enum deviation d)
{
    return p->story->deviation == (size_t)d;
}

/* What happens now and then where nothing else is wrong. */
static bool chance(struct plan *p, uint64_t percent)
{
    return is(p, NONE) && rg_prng_below(p->prng, 100) < percent;
}

/* Some working days, up to @most; a case with a deviation is brisk otherwise, so that only what
 * is meant to be late is. */
static int64_t delay(struct plan *p, uint64_t most)
{
    return is(p, NONE) ? (int64_t)rg_prng_below(p->prng, most + 1) : 0;
}

static int64_t workday(const struct plan *p, int64_t day, int64_t n)
{
    while (n > 0) {
        day++;
        n -= rg_calendar_is_workday(p->cal, day) ? 1 : 0;
    }
    return day;
}

static void go_to(struct plan *p, int64_t day)
{
    p->minutes = day > p->day ? OPENS : p->minutes;
    p->day = day;
}

static void go(struct plan *p, int64_t workdays)
{
    go_to(p, workday(p, p->day, workdays));
}

static struct rg_story_step *add(struct plan *p, enum rg_story_who who, const char *step)
{
    struct rg_story *s = p->story;
    RG_ASSERT(s->count < RG_STORY_STEPS_MAX);
    struct rg_story_step *at = &s->steps[s->count++];
    p->minutes += 1 + (int64_t)rg_prng_below(p->prng, MINUTES_BETWEEN);
    *at = (struct rg_story_step){
        .who = who, .step = step, .at_ms = p->day * DAY_MS + p->minutes * MINUTE_MS};
    return at;
}

static struct rg_story_step *last(const struct plan *p)
{
    return &p->story->steps[p->story->count - 1];
}

static void add_value(struct plan *p, enum rg_story_who who, const char *step, const char *field,
                      const char *value)
{
    struct rg_story_step *at = add(p, who, step);
    at->field = field;
    at->value = value;
}

static void add_date(struct plan *p, enum rg_story_who who, const char *step, const char *field,
                     int64_t day)
{
    struct rg_story_step *at = add(p, who, step);
    at->field = field;
    at->day = day;
}

static void add_register(struct plan *p)
{
    add_date(p, RG_STORY_LDS, "registrierung_abgeschlossen", "ankunftsnachweis_am", p->day);
}

static void add_check(struct plan *p)
{
    add_value(p, RG_STORY_BAMF, "id_check_abgeschlossen", "ergebnis",
              chance(p, 5) ? "klaerung" : "ok");
}

static void add_ready(struct plan *p)
{
    (void)add(p, RG_STORY_LDS, "bereit_fuer_aktenanlage");
}

static void add_offer(struct plan *p)
{
    add_value(p, RG_STORY_BAMF, "avb_angebot", "stufe", "1");
}

static void add_elsewhere(struct plan *p)
{
    static const char *const places[] = {"BW", "BE", "HH", "NW", "ST", "TH"};
    const size_t n = sizeof places / sizeof places[0];
    add_value(p, RG_STORY_LDS, "easy_abverteilung", "ziel_land", places[rg_prng_below(p->prng, n)]);
    p->story->elsewhere = true;
}

static void plan_file(struct plan *p, int64_t day)
{
    add_date(p, RG_STORY_BAMF, "aktenanlage_termin_geplant", "termin", day);
}

static void plan_hearing(struct plan *p, int64_t day)
{
    add_date(p, RG_STORY_BAMF, "anhoerung_termin_geplant", "termin", day);
}

/* Sent to Dresden, @days before the registration. */
static void forward(struct plan *p, int64_t days)
{
    (void)add(p, RG_STORY_BAMF, "weiterleitung");
    go_to(p, p->day + days);
}

static void arrive(struct plan *p)
{
    if (is(p, ARRIVAL_LATE) || is(p, ARRIVAL_VERY_LATE)) {
        forward(p, is(p, ARRIVAL_LATE) ? 6 : 9);
    } else if (is(p, READY_UNREGISTERED) || is(p, PLANNED_UNREGISTERED)) {
        forward(p, 0);
        add_ready(p);
        if (is(p, PLANNED_UNREGISTERED)) {
            plan_file(p, workday(p, p->day, 3));
        }
    } else if (chance(p, 40)) {
        forward(p, (int64_t)rg_prng_below(p->prng, 4));
    }
    add_register(p);
    if (is(p, REGISTERED_TWICE)) {
        add_register(p);
    }
}

static void check(struct plan *p)
{
    if (is(p, CHECK_VERY_LATE) || is(p, CHECK_MISSING)) {
        return;
    }
    go(p, is(p, CHECK_LATE) ? 2 : delay(p, 1));
    add_check(p);
    last(p)->late = is(p, CHECK_RECORDED_LATE);
}

static void counsel(struct plan *p)
{
    static const char *const results[] = {"teilgenommen", "teilgenommen", "teilgenommen",
                                          "verzichtet", "nicht_erschienen"};
    const size_t n = sizeof results / sizeof results[0];
    if (is(p, COUNSEL_LATE)) {
        go(p, 3);
    }
    if (is(p, COUNSEL_LATE) || is(p, PLANNED_LATE)) {
        add_ready(p);
    }
    const int64_t day = workday(p, p->day, 1 + delay(p, 1));
    if (!is(p, COUNSEL_MISSING)) {
        const int64_t told = is(p, COUNSEL_AFTER_FILE)   ? workday(p, day, 3)
                             : is(p, COUNSEL_WRONG_DATE) ? day - 365
                                                         : day;
        add_offer(p);
        add_date(p, RG_STORY_BAMF, "avb1_termin_geplant", "termin", told);
    }
    go_to(p, day);
    if (!is(p, COUNSEL_MISSING) && !is(p, COUNSEL_AFTER_FILE)) {
        add_value(p, RG_STORY_BAMF, "avb_abgeschlossen", "ergebnis",
                  results[rg_prng_below(p->prng, n)]);
    }
}

/* The Landesdirektion reports the case ready for its file. */
static void report(struct plan *p)
{
    if (is(p, READY_LATE)) {
        go(p, 3);
    } else if (is(p, READY_VERY_LATE)) {
        go(p, 5);
        add_date(p, RG_STORY_BAMF, "avb2_termin_geplant", "termin", workday(p, p->day, 1));
        go(p, 5);
    } else if (is(p, PLANNED_EARLY)) {
        plan_file(p, workday(p, p->day, 3));
    }
    if (!is(p, COUNSEL_LATE) && !is(p, PLANNED_LATE)) {
        add_ready(p);
    }
    if (is(p, PLANNED_EARLY) || is(p, PLANNED_UNREGISTERED)) {
        (void)add(p, RG_STORY_BAMF, "termin_abgesagt");
    } else if (is(p, CHECK_VERY_LATE)) {
        go(p, 3);
        add_check(p);
    } else if (is(p, PLANNED_LATE)) {
        go(p, 3);
    } else if (is(p, COUNSEL_CLASH) || chance(p, 25)) {
        const int64_t ahead = is(p, COUNSEL_CLASH) ? 2 : 1;
        add_date(p, RG_STORY_BAMF, "avb2_termin_geplant", "termin", workday(p, p->day, ahead));
        last(p)->morning = is(p, COUNSEL_CLASH);
    }
}

/* What has to be known about an appointment that the person may miss. */
struct missing {
    const char *step;
    uint32_t times;
    const char *reason;
    int64_t wait;  /* working days until there is a new appointment */
    int64_t ahead; /* and how far that is off */
    void (*plan)(struct plan *p, int64_t day);
};

static void miss(struct plan *p, const struct missing *m)
{
    for (uint32_t i = 0; i < m->times; i++) {
        add_value(p, RG_STORY_BAMF, m->step, "grund", m->reason);
        go(p, m->wait);
        const int64_t day = workday(p, p->day, m->ahead);
        m->plan(p, day);
        go_to(p, day);
    }
}

static void open_file(struct plan *p)
{
    const bool unexcused = is(p, FILE_NO_SHOW) || is(p, FILE_NO_SHOW_TWICE);
    int64_t day = 0;
    if (is(p, FILE_UNPLANNED)) {
        day = workday(p, p->day, 1);
    } else {
        go(p, delay(p, 1));
        day = workday(p, p->day, is(p, FILE_OUTCOME_LATE) ? 1 : 2 + delay(p, 2));
        plan_file(p, day);
        last(p)->morning = is(p, COUNSEL_CLASH);
    }
    if (chance(p, 8)) {
        (void)add(p, rg_prng_below(p->prng, 2) == 0 ? RG_STORY_BAMF : RG_STORY_LDS,
                  "termin_abgesagt");
        day = workday(p, day, 1);
        plan_file(p, day);
    }
    if (is(p, PLANNED_TWICE)) {
        plan_file(p, workday(p, day, 1));
    } else if (is(p, HEARING_EARLY)) {
        plan_hearing(p, workday(p, day, 1));
    } else if (is(p, FILE_AFTER_EASY)) {
        go(p, 1);
        add_elsewhere(p);
    }
    go_to(p, day);
    const bool again = unexcused || is(p, FILE_NOT_REPLANNED) || chance(p, 10);
    const struct missing m = {.step = "aktenanlage_nicht_erfolgt",
                              .times = !again                      ? 0
                                       : is(p, FILE_NO_SHOW_TWICE) ? 2
                                                                   : 1,
                              .reason = unexcused       ? "nicht_erschienen"
                                        : chance(p, 50) ? "behoerdlich"
                                                        : "entschuldigt",
                              .wait = is(p, FILE_NOT_REPLANNED) ? 6 : delay(p, 2),
                              .ahead = 2,
                              .plan = plan_file};
    miss(p, &m);
    go(p, is(p, FILE_OUTCOME_LATE) ? 2 : 0);
    (void)add(p, RG_STORY_BAMF, "aktenanlage_erfolgt");
    if (is(p, FILE_TWICE)) {
        (void)add(p, RG_STORY_BAMF, "aktenanlage_erfolgt");
    } else if (is(p, CHECK_MISSING)) {
        add_check(p);
    } else if (is(p, COUNSEL_MISSING)) {
        add_offer(p);
    } else if (is(p, COUNSEL_AFTER_FILE)) {
        add_value(p, RG_STORY_BAMF, "avb_abgeschlossen", "ergebnis", "verzichtet");
    }
}

static void hear(struct plan *p)
{
    const bool unexcused = is(p, HEARING_NO_SHOW) || is(p, HEARING_NO_SHOW_TWICE);
    int64_t day = workday(p, p->day, 1);
    if (is(p, HEARING_UNPLANNED)) {
        day = workday(p, day, 1);
    } else if (!is(p, HEARING_EARLY)) {
        go(p, is(p, HEARING_LATE) ? 7 : delay(p, 2));
        day = workday(p, p->day, is(p, FORGOTTEN) ? 12 : 3 + delay(p, 3));
        plan_hearing(p, day);
    }
    if (is(p, HEARING_PLANNED_TWICE)) {
        plan_hearing(p, workday(p, day, 1));
    }
    go_to(p, day);
    const bool again = unexcused || is(p, HEARING_NOT_REPLANNED) || chance(p, 5);
    const struct missing m = {.step = "anhoerung_nicht_erfolgt",
                              .times = !again                         ? 0
                                       : is(p, HEARING_NO_SHOW_TWICE) ? 2
                                                                      : 1,
                              .reason = unexcused ? "nicht_erschienen" : "entschuldigt",
                              .wait = is(p, HEARING_NOT_REPLANNED) ? 6 : delay(p, 2),
                              .ahead = 3,
                              .plan = plan_hearing};
    miss(p, &m);
    go(p, is(p, HEARING_OUTCOME_LATE) ? 2 : 0);
    (void)add(p, RG_STORY_BAMF, "anhoerung_erfolgt");
    go(p, delay(p, 1));
    add_value(p, RG_STORY_BAMF, "anhoerung_erledigt", "art", "durchgefuehrt");
    if (is(p, STEP_AFTER_END)) {
        add_check(p);
    }
}

/* Everything up to the file without the Landesdirektion having registered the person. */
static void open_unregistered(struct plan *p)
{
    add_check(p);
    add_offer(p);
    add_ready(p);
    plan_file(p, p->day);
    (void)add(p, RG_STORY_BAMF, "aktenanlage_erfolgt");
}

void rg_story_make(struct rg_prng *prng, const struct rg_calendar *cal, int64_t day,
                   size_t deviation, struct rg_story *out)
{
    struct plan p = {out, prng, cal, day, OPENS};
    RG_ASSERT(deviation < RG_STORY_DEVIATIONS);
    *out = (struct rg_story){.deviation = deviation};
    if (is(&p, FILE_UNREGISTERED)) {
        open_unregistered(&p);
        hear(&p);
        return;
    }
    arrive(&p);
    check(&p);
    if (is(&p, WORKED_AFTER_EASY) || chance(&p, 15)) {
        add_elsewhere(&p);
        if (is(&p, WORKED_AFTER_EASY)) {
            add_ready(&p);
        }
        return;
    }
    counsel(&p);
    report(&p);
    if (!is(&p, HEARING_WITHOUT_FILE)) {
        open_file(&p);
    }
    if (!is(&p, FILE_AFTER_EASY)) {
        hear(&p);
    }
}
