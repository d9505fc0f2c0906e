/* proto/: one field at a time out of form, in requests and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "client.pb-c.h"
#include "crypto/sign.h"
#include "proto_break.h"

#define REQUEST(kind, change, want)                                                                \
    BREAK(SAMPLE_REQUEST, RG_REQUEST_##kind, Reigen__Client__Request, change, want)
#define ANSWER(kind, change, want)                                                                 \
    BREAK(SAMPLE_ANSWER, RG_ANSWER_##kind, Reigen__Client__Answer, change, want)
#define LIST_MAX 65536u

static void request_envelope(void **state)
{
    (void)state;
    REQUEST(STATUS, m->version = 2, RG_ERR_VERSION);
    REQUEST(STATUS, m->ledger.data[0] ^= 1, RG_ERR_AUTH);
    assert_true(break_out()->request.id == 41);
    REQUEST(STATUS, m->ledger.len = 0, RG_ERR_AUTH);
    REQUEST(STATUS, m->body_case = REIGEN__CLIENT__REQUEST__BODY__NOT_SET, RG_ERR_INVALID);
}

static void submit(void **state)
{
    (void)state;
    REQUEST(SUBMIT, m->submit->stream.len = 15, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->signature.len = 63, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->link.len = 15, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->link.len = 0, RG_OK);
    assert_false(break_out()->request.has_link);
    REQUEST(SUBMIT, m->submit->first = 0, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->first = UINT64_MAX - 1, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->first = UINT64_MAX - 2, RG_OK);
    REQUEST(SUBMIT, m->submit->n_events = 1, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->n_cases = 1, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->n_cases = m->submit->n_events = 0, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->events[1].len = 0, RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->cases[1] = break_str(""), RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->cases[0] = break_str("");
            m->submit->n_cases = m->submit->n_events = 1, RG_OK); /* what acknowledges an alert */
    REQUEST(SUBMIT, m->submit->cases[1] = break_str("a\x01"), RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->cases[1] = break_text(RG_FILE_NUMBER_MAX), RG_OK);
    REQUEST(SUBMIT, m->submit->cases[1] = break_text(RG_FILE_NUMBER_MAX + 1), RG_ERR_INVALID);
    REQUEST(SUBMIT, m->submit->n_events = m->submit->n_cases = RG_SUBMISSION_ENTRIES_MAX;
            m->submit->events = break_ranges(RG_SUBMISSION_ENTRIES_MAX, 1);
            m->submit->cases = break_texts(RG_SUBMISSION_ENTRIES_MAX, 1), RG_OK);
    REQUEST(SUBMIT, m->submit->n_events = m->submit->n_cases = RG_SUBMISSION_ENTRIES_MAX + 1;
            m->submit->events = break_ranges(RG_SUBMISSION_ENTRIES_MAX + 1, 1);
            m->submit->cases = break_texts(RG_SUBMISSION_ENTRIES_MAX + 1, 1), RG_ERR_INVALID);
}

static void questions(void **state)
{
    (void)state;
    REQUEST(CASE, m->case_->file_number = break_str(""), RG_ERR_INVALID);
    REQUEST(CASE, m->case_->file_number = break_str("\xc3"), RG_ERR_INVALID);
    REQUEST(CASE, m->case_->file_number = break_text(RG_FILE_NUMBER_MAX + 1), RG_ERR_INVALID);
    REQUEST(CASE, m->case_->pseudonym = break_bytes(16), RG_ERR_INVALID); /* both */
    REQUEST(CASE, m->case_->pseudonym = break_bytes(15), RG_ERR_INVALID);
    REQUEST(CASE, m->case_->file_number = break_str("");
            m->case_->pseudonym = break_bytes(16), RG_OK);
    assert_true(break_out()->request.has_pseudonym);
    REQUEST(ALERTS, m->alerts->file_number = break_str("\x02"), RG_ERR_INVALID);
    REQUEST(ALERTS, m->alerts->severity = break_text(17), RG_ERR_INVALID);
    REQUEST(ALERTS, m->alerts->pseudonym.len = 15, RG_ERR_INVALID);
    REQUEST(ALERTS, m->alerts->pseudonym.len = 0, RG_OK);
    REQUEST(ALERTS, m->alerts->alert.len = 31, RG_ERR_INVALID);
    REQUEST(ALERTS, m->alerts->alert = break_bytes(33), RG_ERR_INVALID);
    REQUEST(ALERTS, m->alerts->alert.len = 0, RG_OK);
    assert_true(!break_out()->request.has_alert && break_out()->request.unacknowledged);
    REQUEST(CONFORMANCE, m->conformance->rules = break_bytes(RG_DEFINITION_MAX), RG_OK);
    REQUEST(CONFORMANCE, m->conformance->rules = break_bytes(RG_DEFINITION_MAX + 1),
            RG_ERR_INVALID);
    REQUEST(CONFORMANCE, m->conformance->as_of_ms = -1, RG_OK);
    REQUEST(CONFORMANCE, m->conformance->as_of_ms = -2, RG_ERR_INVALID);
    REQUEST(CONFORMANCE, m->conformance->by = UINT32_MAX, RG_OK); /* the node says why not */
    REQUEST(CURSOR, m->cursor->name = break_str(""), RG_ERR_INVALID);
    REQUEST(CURSOR, m->cursor->name = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    REQUEST(TEST_HOOK, m->test_hook->name = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    REQUEST(PAGE, m->page->token = 0, RG_ERR_INVALID);
}

static void governance(void **state)
{
    uint32_t wide[RG_AUTHORITIES_MAX + 1] = {0};
    uint32_t over = RG_PRINCIPALS_MAX;
    (void)state;
    REQUEST(BALLOT, m->ballot->entry = break_bytes(RG_BALLOT_MAX), RG_OK);
    REQUEST(BALLOT, m->ballot->entry = break_bytes(RG_BALLOT_MAX + 1), RG_ERR_INVALID);
    REQUEST(BALLOT, m->ballot->entry.len = 0, RG_ERR_INVALID);
    ANSWER(SUBMITTED, m->submitted->verdict = 256, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->admin_key.len = 31, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->agency = 2, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->agencies[1] = break_str("\x01"), RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->n_agencies = RG_AGENCIES_MAX + 1;
           m->motions->agencies = break_texts(RG_AGENCIES_MAX + 1, 1), RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->nodes[1]->name = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->nodes[1]->agency = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->nodes[1]->principal = RG_PRINCIPALS_MAX, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->nodes = break_repeat(RG_AUTHORITIES_MAX + 1, m->motions->nodes[0]);
           m->motions->n_nodes = RG_AUTHORITIES_MAX + 1, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->current = wide; m->motions->n_current = RG_AUTHORITIES_MAX, RG_OK);
    ANSWER(MOTIONS, m->motions->current = wide;
           m->motions->n_current = RG_AUTHORITIES_MAX + 1, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->next = &over; m->motions->n_next = 1, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->motions[1]->id.len = 31, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->motions[1]->authorities = &over;
           m->motions->motions[1]->n_authorities = 1, RG_ERR_INVALID);
    static uint8_t hash[RG_HASH_BYTES]; /* each sample takes the memory of the one before */
    Reigen__Client__PublishedDefinition published;
    Reigen__Client__PublishedDefinition *list[] = {&published};
    reigen__client__published_definition__init(&published);
    published.version = 2;
    published.hash = (ProtobufCBinaryData){.len = sizeof hash, .data = hash};
    ANSWER(MOTIONS, m->motions->definitions = list; m->motions->n_definitions = 1, RG_OK);
    ANSWER(MOTIONS, m->motions->definitions = break_repeat(RG_DEFINITIONS_MAX, &published);
           m->motions->n_definitions = RG_DEFINITIONS_MAX, RG_OK);
    ANSWER(MOTIONS, m->motions->definitions = break_repeat(RG_DEFINITIONS_MAX + 1, &published);
           m->motions->n_definitions = RG_DEFINITIONS_MAX + 1, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->motions[1]->n_authorities = 0;
           m->motions->motions[1]->definition = &published, RG_OK);
    ANSWER(MOTIONS, m->motions->motions[1]->authorities = wide;
           m->motions->motions[1]->n_authorities = 1;
           m->motions->motions[1]->definition = &published, RG_ERR_INVALID);
    published.version = 0;
    ANSWER(MOTIONS, m->motions->definitions = list; m->motions->n_definitions = 1, RG_ERR_INVALID);
    published.version = 2;
    published.hash.len = 31;
    ANSWER(MOTIONS, m->motions->definitions = list; m->motions->n_definitions = 1, RG_ERR_INVALID);
    ANSWER(DEFINITION, m->definition->hash.len = 31, RG_ERR_INVALID);
    REQUEST(DEFINITION, m->definition->version = 7, RG_OK);
    REQUEST(DEFINITION, m->definition->motion = break_bytes(RG_HASH_BYTES), RG_OK);
    REQUEST(DEFINITION, m->definition->motion = break_bytes(RG_HASH_BYTES - 1), RG_ERR_INVALID);
    REQUEST(DEFINITION, m->definition->motion = break_bytes(RG_HASH_BYTES);
            m->definition->version = 7, RG_ERR_INVALID);
    ANSWER(MOTIONS, m->motions->motions = break_repeat(RG_MOTIONS_MAX, m->motions->motions[0]);
           m->motions->n_motions = RG_MOTIONS_MAX, RG_OK);
    ANSWER(MOTIONS, m->motions->motions = break_repeat(RG_MOTIONS_MAX + 1, m->motions->motions[0]);
           m->motions->n_motions = RG_MOTIONS_MAX + 1, RG_ERR_INVALID);
}

static void answer_envelope(void **state)
{
    (void)state;
    ANSWER(NONE, m->version = 0, RG_ERR_VERSION);
    ANSWER(NONE, m->error = break_str("a\tb"), RG_ERR_INVALID);
    ANSWER(NONE, m->error = break_text(4096), RG_OK);
    ANSWER(NONE, m->error = break_text(4097), RG_ERR_INVALID);
    ANSWER(SUBMITTED, m->submitted->submission.len = 31, RG_ERR_INVALID);
    ANSWER(SUBMITTED, m->submitted->pseudonym.len = 15, RG_ERR_INVALID);
    ANSWER(DEFINITION, m->definition->process = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
}

static void status(void **state)
{
    (void)state;
    ANSWER(STATUS, m->status->ledger = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->node = break_str("\x7f"), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->agency = break_str("\xc0\x80"), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->stalled = break_text(4097), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->warning = break_str("a\nb"), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->ledger_id.len = 31, RG_ERR_INVALID);
    ANSWER(STATUS, m->status->hash.len = 31, RG_ERR_INVALID);
    ANSWER(STATUS, m->status->digest.len = 31, RG_ERR_INVALID);
    ANSWER(STATUS, m->status->authorities[1]->name = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->authorities[1]->agency = break_str("\n"), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->rules_differ[1] = break_str("\n"), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->rules_differ[1] = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(STATUS, m->status->rules_differ =
                       break_repeat(RG_AUTHORITIES_MAX + 1, m->status->rules_differ[0]);
           m->status->n_rules_differ = RG_AUTHORITIES_MAX + 1, RG_ERR_INVALID);
    ANSWER(STATUS,
           m->status->authorities = break_repeat(RG_AUTHORITIES_MAX, m->status->authorities[0]);
           m->status->n_authorities = RG_AUTHORITIES_MAX, RG_OK);
    ANSWER(STATUS,
           m->status->authorities = break_repeat(RG_AUTHORITIES_MAX + 1, m->status->authorities[0]);
           m->status->n_authorities = RG_AUTHORITIES_MAX + 1, RG_ERR_INVALID);
}

static void cases(void **state)
{
    (void)state;
    ANSWER(CASE, m->case_->pseudonym.len = 15, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->alerts[1] = break_str("\x01"), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->events[1]->agency = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->events[1]->member = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->duties[1]->rule = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->duties[1]->step = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->duties[1]->by[1] = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->duties[1]->label_de = break_text(RG_CASE_TEXT_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->duties[1]->label_en = break_str("\x7f"), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->rule = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->state = RG_RULE_SETTLED + 1, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->events[0] = -2, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->events[1] = (int64_t)UINT32_MAX + 1, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->by[1] = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->n_by = RG_DUTY_BY_MAX + 1;
           m->case_->rules[1]->by = break_texts(RG_DUTY_BY_MAX + 1, 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->message_de = break_text(RG_CASE_TEXT_MAX + 1), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules[1]->message_en = break_str("\xc0\x80"), RG_ERR_INVALID);
    ANSWER(CASE, m->case_->rules = break_repeat(RG_CASE_RULES_MAX, m->case_->rules[0]);
           m->case_->n_rules = RG_CASE_RULES_MAX, RG_OK);
    ANSWER(CASE, m->case_->rules = break_repeat(RG_CASE_RULES_MAX + 1, m->case_->rules[0]);
           m->case_->n_rules = RG_CASE_RULES_MAX + 1, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->duties[1]->n_by = RG_DUTY_BY_MAX;
           m->case_->duties[1]->by = break_texts(RG_DUTY_BY_MAX, 1), RG_OK);
    ANSWER(CASE, m->case_->duties[1]->n_by = RG_DUTY_BY_MAX + 1;
           m->case_->duties[1]->by = break_texts(RG_DUTY_BY_MAX + 1, 1), RG_ERR_INVALID);
    /* Long lists of empty items. */
    Reigen__Client__CaseEvent event;
    Reigen__Client__Duty duty;
    reigen__client__case_event__init(&event);
    reigen__client__duty__init(&duty);
    ANSWER(CASE, m->case_->events = break_repeat(LIST_MAX + 1, &event);
           m->case_->n_events = LIST_MAX + 1, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->duties = break_repeat(LIST_MAX + 1, &duty);
           m->case_->n_duties = LIST_MAX + 1, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->alerts = break_texts(LIST_MAX + 1, 0);
           m->case_->n_alerts = LIST_MAX + 1, RG_ERR_INVALID);
    ANSWER(CASE, m->case_->alerts = break_texts(LIST_MAX, 0); m->case_->n_alerts = LIST_MAX, RG_OK);
}

static void events(void **state)
{
    (void)state;
    REQUEST(EVENTS, m->events->case_ = m->events->through = m->events->after = UINT64_MAX, RG_OK);
    ANSWER(EVENTS, m->events->time_ms = INT64_MAX, RG_OK);
    ANSWER(EVENTS, m->events->time_ms = (uint64_t)INT64_MAX + 1, RG_ERR_INVALID);
    ANSWER(EVENTS, m->events->cases[1]->pseudonym.len = 15, RG_ERR_INVALID);
    ANSWER(EVENTS, m->events->cases[1]->file_number = break_str(""), RG_OK);
    ANSWER(EVENTS, m->events->cases[1]->file_number = break_text(RG_FILE_NUMBER_MAX + 1),
           RG_ERR_INVALID);
    ANSWER(EVENTS, m->events->cases[1]->events[1]->agency = break_str("\x01"), RG_ERR_INVALID);
    Reigen__Client__CaseEvent event;
    reigen__client__case_event__init(&event);
    ANSWER(EVENTS, m->events->cases[1]->events = break_repeat(LIST_MAX + 1, &event);
           m->events->cases[1]->n_events = LIST_MAX + 1, RG_ERR_INVALID);
}

static void alerts(void **state)
{
    Reigen__Client__Alert alert;
    (void)state;
    reigen__client__alert__init(&alert);
    ANSWER(ALERTS, m->alerts->alerts[1]->topic = break_text(257), RG_ERR_INVALID);
    ANSWER(ALERTS, m->alerts->alerts[1]->event = break_str("{\n}"), RG_ERR_INVALID);
    ANSWER(ALERTS, m->alerts->n_alerts = 0, RG_OK);
    ANSWER(ALERTS, m->alerts->alerts = break_repeat(LIST_MAX + 1, &alert);
           m->alerts->n_alerts = LIST_MAX + 1, RG_ERR_INVALID);
}

/* Lists whose decoded form is larger than their bytes: memory runs out behind the decoding, too. */
static void wide_lists(void **state)
{
    Reigen__Client__Authority authority;
    Reigen__Client__CaseEvent event;
    Reigen__Client__Duty duty;
    Reigen__Client__Alert alert;
    (void)state;
    reigen__client__authority__init(&authority);
    reigen__client__case_event__init(&event);
    reigen__client__duty__init(&duty);
    reigen__client__alert__init(&alert);
    Reigen__Client__Answer *m = break_open(SAMPLE_ANSWER, RG_ANSWER_STATUS);
    m->status->authorities = break_repeat(64, &authority);
    m->status->n_authorities = 64;
    break_starve(SAMPLE_ANSWER);
    m = break_open(SAMPLE_ANSWER, RG_ANSWER_CASE);
    m->case_->events = break_repeat(64, &event);
    m->case_->n_events = 64;
    break_starve(SAMPLE_ANSWER);
    m = break_open(SAMPLE_ANSWER, RG_ANSWER_CASE);
    m->case_->duties = break_repeat(64, &duty);
    m->case_->n_duties = 64;
    break_starve(SAMPLE_ANSWER);
    m = break_open(SAMPLE_ANSWER, RG_ANSWER_CASE);
    m->case_->alerts = break_texts(64, 0);
    m->case_->n_alerts = 64;
    break_starve(SAMPLE_ANSWER);
    m = break_open(SAMPLE_ANSWER, RG_ANSWER_ALERTS);
    m->alerts->alerts = break_repeat(64, &alert);
    m->alerts->n_alerts = 64;
    break_starve(SAMPLE_ANSWER);
    Reigen__Client__Request *r = break_open(SAMPLE_REQUEST, RG_REQUEST_SUBMIT);
    r->submit->n_events = r->submit->n_cases = 64;
    r->submit->events = break_ranges(64, 1);
    r->submit->cases = break_texts(64, 1);
    break_starve(SAMPLE_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_envelope), cmocka_unit_test(submit), cmocka_unit_test(questions),
        cmocka_unit_test(answer_envelope),  cmocka_unit_test(status), cmocka_unit_test(cases),
        cmocka_unit_test(alerts),           cmocka_unit_test(events), cmocka_unit_test(wide_lists),
        cmocka_unit_test(governance)};
    if (rg_sign_start() != RG_OK || break_start() != 0) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    break_stop();
    return failed;
}
