/* node/cli: the simulated agencies record only what the definition lets them record, in the order
 * of time, and from one seed always the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/cli/file.h"
#include "node/cli/story.h"
#include "rules/definition.h"
#include <stdlib.h>
#include <string.h>

static void check_story(const struct rg_definition *def, const struct rg_story *story, int64_t day)
{
    assert_true(story->count >= 3 && story->count <= RG_STORY_STEPS_MAX);
    for (size_t i = 0; i < story->count; i++) {
        const struct rg_story_step *s = &story->steps[i];
        const char *agency = s->who == RG_STORY_BAMF ? "BAMF" : "LDS-SN";
        assert_true(s->at_ms > (i == 0 ? day * 86400000 : story->steps[i - 1].at_ms));
        assert_true(s->at_ms % 86400000 >= 7 * 3600000 && s->at_ms % 86400000 < 13 * 3600000);
        assert_true(rg_definition_may_write(def, rg_bytes_str(s->step), rg_bytes_str(agency)));
        if (s->field != NULL) {
            const char *value = s->value != NULL ? s->value : "2026-04-01";
            assert_int_equal(
                rg_definition_check_field(def, rg_bytes_str(s->field), rg_bytes_str(value), NULL),
                RG_OK);
        }
    }
}

/* Every alert that is to be expected is one of a rule that there is. */
static void check_rules(const struct rg_definition *def)
{
    for (size_t kind = 1; kind < RG_STORY_DEVIATIONS; kind++) {
        const struct rg_story_deviation *d = &rg_story_deviations[kind];
        assert_non_null(d->title);
        assert_non_null(d->rules[0]);
        for (size_t i = 0; i < RG_STORY_RULES_MAX && d->rules[i] != NULL; i++) {
            size_t r = 0;
            while (r < def->rule_count && strcmp(def->rules[r].id, d->rules[i]) != 0) {
                r++;
            }
            assert_true(r < def->rule_count);
        }
    }
}

static void test_stories(void **state)
{
    (void)state;
    char text[RG_DEFINITION_ERROR_MAX];
    uint8_t *data = NULL;
    size_t len = 0;
    struct rg_definition *def = NULL;
    struct rg_prng prng;
    struct rg_prng same;
    static struct rg_story a;
    static struct rg_story b;
    assert_int_equal(
        rg_file_read("deploy/processes/anker-dresden.yaml", RG_DEFINITION_MAX, &data, &len), RG_OK);
    assert_int_equal(rg_definition_parse("d", (struct rg_bytes){data, len}, &def, text), RG_OK);
    assert_int_equal(def->calendar_count, 1);
    check_rules(def);
    rg_prng_init(&prng, 5);
    rg_prng_init(&same, 5);
    int64_t day = rg_calendar_date(2021, 1, 4);
    for (size_t i = 0; i < 40000; i++, day++) {
        if (!rg_calendar_is_workday(&def->calendars[0], day)) {
            continue;
        }
        rg_story_make(&prng, &def->calendars[0], day, i % RG_STORY_DEVIATIONS, &a);
        rg_story_make(&same, &def->calendars[0], day, i % RG_STORY_DEVIATIONS, &b);
        check_story(def, &a, day);
        assert_int_equal(a.count, b.count);
        assert_int_equal(a.steps[a.count - 1].at_ms, b.steps[a.count - 1].at_ms);
        assert_ptr_equal(a.steps[a.count - 1].step, b.steps[a.count - 1].step);
    }
    rg_definition_destroy(&def);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
