/* node/cli: the simulated agencies record only what the definition lets them record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/cli/feeder_story.h"
#include "node/cli/file.h"
#include "rules/definition.h"
#include <stdlib.h>

static void check_story(const struct rg_definition *def, const struct rg_feeder_story *story)
{
    assert_non_null(story);
    assert_int_equal(story->steps[0].who, RG_FEEDER_STORY_LDS);
    for (const struct rg_feeder_story_step *s = story->steps; s->step != NULL; s++) {
        const char *agency = s->who == RG_FEEDER_STORY_BAMF ? "BAMF" : "LDS-SN";
        assert_true(rg_definition_may_write(def, rg_bytes_str(s->step), rg_bytes_str(agency)));
        if (s->field != NULL) {
            const char *value = s->value != NULL ? s->value : "2026-04-01";
            assert_int_equal(
                rg_definition_check_field(def, rg_bytes_str(s->field), rg_bytes_str(value), NULL),
                RG_OK);
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
    assert_int_equal(
        rg_file_read("deploy/processes/anker-dresden.yaml", RG_DEFINITION_MAX, &data, &len), RG_OK);
    assert_int_equal(rg_definition_parse("d", (struct rg_bytes){data, len}, &def, text), RG_OK);
    rg_prng_init(&prng, 5);
    rg_prng_init(&same, 5);
    for (uint64_t i = 0; i < 500; i++) {
        const struct rg_feeder_story *story = rg_feeder_story_pick(&prng, i);
        check_story(def, story);
        assert_ptr_equal(story, rg_feeder_story_pick(&same, i));
    }
    rg_definition_destroy(&def);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
