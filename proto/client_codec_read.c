/* The answer half of client_codec.h, reading. */
#include "client.pb-c.h"
#include "proto/client_codec.h"
#include "proto/ledger_codec.h"
#include "proto/pack.h"

#define VERSION 1u
#define TEXT_MAX 4096u
#define LIST_MAX 65536u

static rg_err read_submitted(const Reigen__Client__Submitted *m, struct rg_answer_submitted *out)
{
    if (!rg_pack_fixed(m->submission, out->submission.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->pseudonym, out->pseudonym.b, RG_ID_BYTES)) {
        return RG_ERR_INVALID;
    }
    out->events = m->events;
    out->known = m->known;
    out->first_height = m->first_height;
    out->last_height = m->last_height;
    out->cases_opened = m->cases_opened;
    out->verdict = m->verdict;
    return m->verdict <= UINT8_MAX ? RG_OK : RG_ERR_INVALID;
}

static rg_err read_authorities(struct rg_arena *arena, const Reigen__Client__Status *m,
                               struct rg_answer_status *out)
{
    if (m->n_authorities > RG_AUTHORITIES_MAX) {
        return RG_ERR_INVALID;
    }
    out->authorities = rg_arena_take_array(arena, m->n_authorities, sizeof *out->authorities);
    if (out->authorities == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_authorities; i++) {
        const Reigen__Client__Authority *a = m->authorities[i];
        struct rg_answer_authority *to = &out->authorities[i];
        if (!rg_pack_text(a->name, RG_NAME_MAX, &to->name) ||
            !rg_pack_text(a->agency, RG_NAME_MAX, &to->agency)) {
            return RG_ERR_INVALID;
        }
        to->live = a->live != 0;
        to->missed_turns = a->missed_turns;
        to->clock_offset_ms = a->clock_offset_ms;
        to->height = a->height;
        to->silent_ms = a->silent_ms;
        to->cut = a->cut != 0;
    }
    out->authority_count = (uint32_t)m->n_authorities;
    return RG_OK;
}

/* Give @count texts of at most RG_NAME_MAX bytes. */
static rg_err read_texts(struct rg_arena *arena, char *const *list, size_t count,
                         struct rg_bytes **out)
{
    struct rg_bytes *texts = rg_arena_take_array(arena, count, sizeof *texts);
    if (texts == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        if (!rg_pack_text(list[i], RG_NAME_MAX, &texts[i])) {
            return RG_ERR_INVALID;
        }
    }
    *out = texts;
    return RG_OK;
}

static rg_err read_status(struct rg_arena *arena, const Reigen__Client__Status *m,
                          struct rg_answer_status *out)
{
    if (!rg_pack_text(m->ledger, RG_NAME_MAX, &out->ledger) ||
        !rg_pack_text(m->node, RG_NAME_MAX, &out->node) ||
        !rg_pack_text(m->agency, RG_NAME_MAX, &out->agency) ||
        !rg_pack_text(m->stalled, TEXT_MAX, &out->stalled) ||
        !rg_pack_text(m->warning, TEXT_MAX, &out->warning) ||
        !rg_pack_text(m->process, RG_NAME_MAX, &out->process) ||
        !rg_pack_fixed(m->ledger_id, out->ledger_id.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->hash, out->hash.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->digest, out->digest.b, RG_HASH_BYTES) ||
        m->n_rules_differ > RG_AUTHORITIES_MAX) {
        return RG_ERR_INVALID;
    }
    out->height = m->height;
    out->epoch = m->epoch;
    out->view = m->view;
    out->lag_ms = m->lag_ms;
    out->rules_height = m->rules_height;
    out->rules_parked = m->rules_parked;
    out->bus_frames = m->bus_frames;
    out->bus_refused = m->bus_refused;
    out->quorum = m->quorum;
    out->mempool = m->mempool;
    out->time_ms = m->time_ms;
    out->pid = m->pid;
    out->memory_kib = m->memory_kib;
    out->cpu_ms = m->cpu_ms;
    out->keys_unacknowledged = m->keys_unacknowledged;
    out->alerts_logseq = m->alerts_logseq;
    out->mute = m->mute != 0;
    out->motions = m->motions;
    out->version = m->version;
    out->version_from = m->version_from;
    out->rules_compared = m->rules_compared;
    out->differ_count = (uint32_t)m->n_rules_differ;
    const rg_err err = read_texts(arena, m->rules_differ, m->n_rules_differ, &out->differ);
    return err == RG_OK ? read_authorities(arena, m, out) : err;
}

static rg_err read_events(struct rg_arena *arena, Reigen__Client__CaseEvent *const *list,
                          size_t count, struct rg_answer_case_event **out)
{
    struct rg_answer_case_event *events = rg_arena_take_array(arena, count, sizeof *events);
    if (events == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const Reigen__Client__CaseEvent *e = list[i];
        struct rg_answer_case_event *to = &events[i];
        if (!rg_pack_text(e->agency, RG_NAME_MAX, &to->agency) ||
            !rg_pack_text(e->member, RG_NAME_MAX, &to->member) || e->standing > RG_STANDING_ABOUT) {
            return RG_ERR_INVALID;
        }
        to->height = e->height;
        to->submission = e->submission;
        to->entry = e->entry;
        to->event = rg_pack_to(e->event);
        to->recorded_ms = e->recorded_ms;
        to->standing = e->standing;
        to->by_height = e->by_height;
        to->by_submission = e->by_submission;
        to->by_entry = e->by_entry;
    }
    *out = events;
    return RG_OK;
}

static rg_err read_cases(struct rg_arena *arena, const Reigen__Client__Events *m,
                         struct rg_answer *out)
{
    if (m->n_cases > LIST_MAX || m->time_ms > INT64_MAX) {
        return RG_ERR_INVALID;
    }
    out->cases = rg_arena_take_array(arena, m->n_cases, sizeof *out->cases);
    if (out->cases == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_cases; i++) {
        const Reigen__Client__CaseEvents *c = m->cases[i];
        struct rg_answer_case_events *to = &out->cases[i];
        if (!rg_pack_fixed(c->pseudonym, to->pseudonym.b, RG_ID_BYTES) ||
            !rg_pack_text(c->file_number, RG_FILE_NUMBER_MAX, &to->file_number) ||
            c->n_events > LIST_MAX) {
            return RG_ERR_INVALID;
        }
        to->first = c->first;
        to->event_count = (uint32_t)c->n_events;
        const rg_err err = read_events(arena, c->events, c->n_events, &to->events);
        if (err != RG_OK) {
            return err;
        }
    }
    out->kind = RG_ANSWER_EVENTS;
    out->case_count = (uint32_t)m->n_cases;
    out->next_case = m->next_case;
    out->next_event = m->next_event;
    out->through = m->through;
    out->time_ms = m->time_ms;
    out->version = m->version;
    return RG_OK;
}

/* The agencies whose turn it is. */
static bool read_by(char *const *list, size_t count, struct rg_bytes out[static RG_DUTY_BY_MAX],
                    uint32_t *out_count)
{
    if (count > RG_DUTY_BY_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!rg_pack_text(list[i], RG_NAME_MAX, &out[i])) {
            return false;
        }
    }
    *out_count = (uint32_t)count;
    return true;
}

static rg_err read_rules(struct rg_arena *arena, const Reigen__Client__Case *m,
                         struct rg_answer_case *out)
{
    if (m->n_rules > RG_CASE_RULES_MAX) {
        return RG_ERR_INVALID;
    }
    out->rules = rg_arena_take_array(arena, m->n_rules, sizeof *out->rules);
    if (out->rules == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_rules; i++) {
        const Reigen__Client__RuleState *r = m->rules[i];
        struct rg_answer_rule *to = &out->rules[i];
        if (!rg_pack_text(r->rule, RG_NAME_MAX, &to->rule) ||
            !rg_pack_text(r->message_de, RG_CASE_TEXT_MAX, &to->message_de) ||
            !rg_pack_text(r->message_en, RG_CASE_TEXT_MAX, &to->message_en) ||
            r->state > RG_RULE_SETTLED || r->n_events > RG_RULE_EVENTS_MAX ||
            !read_by(r->by, r->n_by, to->by, &to->by_count)) {
            return RG_ERR_INVALID;
        }
        for (size_t k = 0; k < r->n_events; k++) {
            to->events[k] = r->events[k];
            if (to->events[k] < -1 || to->events[k] > UINT32_MAX) {
                return RG_ERR_INVALID;
            }
        }
        to->event_count = (uint32_t)r->n_events;
        to->state = (enum rg_rule_state)r->state;
        to->violations = r->violations;
        to->due_ms = r->due_ms;
        to->critical = r->critical != 0;
    }
    out->rule_count = (uint32_t)m->n_rules;
    return RG_OK;
}

static rg_err read_duties(struct rg_arena *arena, const Reigen__Client__Case *m,
                          struct rg_answer_case *out)
{
    out->duties = rg_arena_take_array(arena, m->n_duties, sizeof *out->duties);
    if (out->duties == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_duties; i++) {
        const Reigen__Client__Duty *d = m->duties[i];
        struct rg_answer_duty *to = &out->duties[i];
        if (!rg_pack_text(d->rule, RG_NAME_MAX, &to->rule) ||
            !rg_pack_text(d->step, RG_NAME_MAX, &to->step) ||
            !rg_pack_text(d->label_de, RG_CASE_TEXT_MAX, &to->label_de) ||
            !rg_pack_text(d->label_en, RG_CASE_TEXT_MAX, &to->label_en) ||
            !read_by(d->by, d->n_by, to->by, &to->by_count)) {
            return RG_ERR_INVALID;
        }
        to->due_ms = d->due_ms;
    }
    out->duty_count = (uint32_t)m->n_duties;
    return RG_OK;
}

static rg_err read_case(struct rg_arena *arena, const Reigen__Client__Case *m,
                        struct rg_answer_case *out)
{
    if (!rg_pack_fixed(m->pseudonym, out->pseudonym.b, RG_ID_BYTES) || m->n_events > LIST_MAX ||
        m->n_duties > LIST_MAX || m->n_alerts > LIST_MAX) {
        return RG_ERR_INVALID;
    }
    out->truncated = m->truncated != 0;
    out->alerts = rg_arena_take_array(arena, m->n_alerts, sizeof *out->alerts);
    if (out->alerts == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_alerts; i++) {
        if (!rg_pack_text(m->alerts[i], RG_FRAME_API_MAX, &out->alerts[i])) {
            return RG_ERR_INVALID;
        }
    }
    out->alert_count = (uint32_t)m->n_alerts;
    out->event_count = (uint32_t)m->n_events;
    rg_err err = read_events(arena, m->events, m->n_events, &out->events);
    err = err == RG_OK ? read_duties(arena, m, out) : err;
    return err == RG_OK ? read_rules(arena, m, out) : err;
}

static rg_err read_alerts(struct rg_arena *arena, const Reigen__Client__Alerts *m,
                          struct rg_answer *out)
{
    if (m->n_alerts > LIST_MAX) {
        return RG_ERR_INVALID;
    }
    out->alerts = rg_arena_take_array(arena, m->n_alerts, sizeof *out->alerts);
    if (out->alerts == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_alerts; i++) {
        out->alerts[i].logseq = m->alerts[i]->logseq;
        if (!rg_pack_text(m->alerts[i]->topic, 256, &out->alerts[i].topic) ||
            !rg_pack_text(m->alerts[i]->event, RG_FRAME_API_MAX, &out->alerts[i].event)) {
            return RG_ERR_INVALID;
        }
    }
    out->kind = RG_ANSWER_ALERTS;
    out->alert_count = (uint32_t)m->n_alerts;
    out->alerts_last = m->last;
    out->alerts_more = m->more != 0;
    return RG_OK;
}

static bool read_set(const uint32_t *list, size_t count, struct rg_set *out)
{
    if (count > RG_AUTHORITIES_MAX) {
        return false;
    }
    out->count = (uint16_t)count;
    for (size_t i = 0; i < count; i++) {
        if (list[i] >= RG_PRINCIPALS_MAX) {
            return false;
        }
        out->principal[i] = (uint16_t)list[i];
    }
    return true;
}

static rg_err read_nodes(struct rg_arena *arena, const Reigen__Client__Motions *m,
                         struct rg_answer_motions *out)
{
    if (m->n_agencies > RG_AGENCIES_MAX || m->n_nodes > RG_AUTHORITIES_MAX ||
        m->agency >= m->n_agencies) {
        return RG_ERR_INVALID;
    }
    out->agencies = rg_arena_take_array(arena, m->n_agencies, sizeof *out->agencies);
    out->nodes = rg_arena_take_array(arena, m->n_nodes, sizeof *out->nodes);
    if (out->agencies == NULL || out->nodes == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_agencies; i++) {
        if (!rg_pack_text(m->agencies[i], RG_NAME_MAX, &out->agencies[i])) {
            return RG_ERR_INVALID;
        }
    }
    for (size_t i = 0; i < m->n_nodes; i++) {
        out->nodes[i].principal = m->nodes[i]->principal;
        if (m->nodes[i]->principal >= RG_PRINCIPALS_MAX ||
            !rg_pack_text(m->nodes[i]->name, RG_NAME_MAX, &out->nodes[i].name) ||
            !rg_pack_text(m->nodes[i]->agency, RG_NAME_MAX, &out->nodes[i].agency)) {
            return RG_ERR_INVALID;
        }
    }
    out->agency_count = (uint32_t)m->n_agencies;
    out->node_count = (uint32_t)m->n_nodes;
    return RG_OK;
}

static bool read_published(const Reigen__Client__PublishedDefinition *m, struct rg_published *out)
{
    out->version = m->version;
    out->height = m->height;
    out->submission = m->submission;
    out->from = m->from_height;
    return m->version > 0 && rg_pack_fixed(m->hash, out->hash.b, RG_HASH_BYTES);
}

static rg_err read_definitions(struct rg_arena *arena, const Reigen__Client__Motions *m,
                               struct rg_answer_motions *out)
{
    if (m->n_definitions > RG_DEFINITIONS_MAX) {
        return RG_ERR_INVALID;
    }
    out->published = rg_arena_take_array(arena, m->n_definitions, sizeof *out->published);
    if (out->published == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_definitions; i++) {
        if (!read_published(m->definitions[i], &out->published[i])) {
            return RG_ERR_INVALID;
        }
    }
    out->published_count = (uint32_t)m->n_definitions;
    return RG_OK;
}

static rg_err read_motions(struct rg_arena *arena, const Reigen__Client__Motions *m,
                           struct rg_answer_motions *out)
{
    if (m->n_motions > RG_MOTIONS_MAX ||
        !rg_pack_fixed(m->admin_key, out->admin_key.b, RG_KEY_BYTES) ||
        !read_set(m->current, m->n_current, &out->current) ||
        !read_set(m->next, m->n_next, &out->next)) {
        return RG_ERR_INVALID;
    }
    out->motions = rg_arena_take_array(arena, m->n_motions, sizeof *out->motions);
    if (out->motions == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_motions; i++) {
        const Reigen__Client__OpenMotion *o = m->motions[i];
        struct rg_open_motion *to = &out->motions[i];
        if (!rg_pack_fixed(o->id, to->id.b, RG_HASH_BYTES) ||
            !read_set(o->authorities, o->n_authorities, &to->motion.set) ||
            (o->definition != NULL &&
             (o->n_authorities > 0 || !read_published(o->definition, &to->motion.definition)))) {
            return RG_ERR_INVALID;
        }
        to->motion.expires_ms = o->expires_ms;
        to->yes = o->yes;
        to->no = o->no;
    }
    out->motion_count = (uint32_t)m->n_motions;
    out->height = m->height;
    out->time_ms = m->time_ms;
    out->epoch = m->epoch;
    out->quorum = m->quorum;
    out->agency = m->agency;
    const rg_err err = read_definitions(arena, m, out);
    return err == RG_OK ? read_nodes(arena, m, out) : err;
}

static rg_err read_body(struct rg_arena *arena, const Reigen__Client__Answer *m,
                        struct rg_answer *out)
{
    switch ((int)m->body_case) {
    case REIGEN__CLIENT__ANSWER__BODY__NOT_SET:
        out->kind = RG_ANSWER_NONE;
        return RG_OK;
    case REIGEN__CLIENT__ANSWER__BODY_SUBMITTED:
        out->kind = RG_ANSWER_SUBMITTED;
        return read_submitted(m->submitted, &out->submitted);
    case REIGEN__CLIENT__ANSWER__BODY_STATUS:
        out->kind = RG_ANSWER_STATUS;
        return read_status(arena, m->status, &out->status);
    case REIGEN__CLIENT__ANSWER__BODY_CASE:
        out->kind = RG_ANSWER_CASE;
        return read_case(arena, m->case_, &out->case_file);
    case REIGEN__CLIENT__ANSWER__BODY_ALERTS:
        return read_alerts(arena, m->alerts, out);
    case REIGEN__CLIENT__ANSWER__BODY_PAGE:
        out->kind = RG_ANSWER_PAGE;
        out->page_token = m->page->token;
        out->page_data = rg_pack_to(m->page->data);
        return RG_OK;
    case REIGEN__CLIENT__ANSWER__BODY_DEFINITION:
        out->kind = RG_ANSWER_DEFINITION;
        out->definition = rg_pack_to(m->definition->yaml);
        out->version = m->definition->version;
        out->version_from = m->definition->from_height;
        return rg_pack_text(m->definition->process, RG_NAME_MAX, &out->process) &&
                       rg_pack_fixed(m->definition->hash, out->definition_hash.b, RG_HASH_BYTES)
                   ? RG_OK
                   : RG_ERR_INVALID;
    case REIGEN__CLIENT__ANSWER__BODY_CURSOR:
        out->kind = RG_ANSWER_CURSOR;
        out->acknowledged = m->cursor->acknowledged;
        return RG_OK;
    case REIGEN__CLIENT__ANSWER__BODY_EVENTS:
        return read_cases(arena, m->events, out);
    case REIGEN__CLIENT__ANSWER__BODY_MOTIONS:
        out->kind = RG_ANSWER_MOTIONS;
        return read_motions(arena, m->motions, &out->motions);
    default:
        return RG_ERR_INVALID;
    }
}

rg_err rg_client_codec_decode_answer(struct rg_arena *arena, struct rg_bytes bytes,
                                     struct rg_answer *out)
{
    const Reigen__Client__Answer *m = NULL;
    struct rg_answer a = {0};
    rg_err err = rg_pack_decode(arena, &reigen__client__answer__descriptor, bytes, RG_FRAME_API_MAX,
                                (const ProtobufCMessage **)(const void **)&m);
    if (err != RG_OK) {
        return err;
    }
    if (m->version != VERSION) {
        return RG_ERR_VERSION;
    }
    a.id = m->id;
    a.code = m->code;
    if (!rg_pack_lines(m->error, TEXT_MAX, &a.error)) {
        return RG_ERR_INVALID;
    }
    err = read_body(arena, m, &a);
    if (err == RG_OK) {
        *out = a;
    }
    return err;
}
