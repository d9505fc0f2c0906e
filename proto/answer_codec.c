/* The answer half of client_codec.h. */
#include "base/bytes.h"
#include "client.pb-c.h"
#include "proto/client_codec.h"
#include "proto/pack.h"

#define VERSION 1u
#define TEXT_MAX 4096u
#define LIST_MAX 65536u

/* Space for every sub-message of one Answer under encoding. */
struct draft {
    Reigen__Client__Answer m;
    union {
        Reigen__Client__Submitted submitted;
        Reigen__Client__Status status;
        Reigen__Client__Case case_file;
        Reigen__Client__Alerts alerts;
        Reigen__Client__Page page;
        Reigen__Client__Definition definition;
        Reigen__Client__CursorState cursor;
    } sub;
};

static ProtobufCBinaryData of_hash(const struct rg_hash *h)
{
    return rg_pack_from((struct rg_bytes){h->b, RG_HASH_BYTES});
}

static ProtobufCBinaryData of_id(const struct rg_id *id)
{
    return rg_pack_from((struct rg_bytes){id->b, RG_ID_BYTES});
}

static bool draft_submitted(struct draft *d, const struct rg_answer_submitted *s)
{
    Reigen__Client__Submitted *m = &d->sub.submitted;
    reigen__client__submitted__init(m);
    m->events = s->events;
    m->known = s->known;
    m->first_height = s->first_height;
    m->last_height = s->last_height;
    m->submission = of_hash(&s->submission);
    m->pseudonym = of_id(&s->pseudonym);
    m->cases_opened = s->cases_opened;
    d->m.submitted = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_SUBMITTED;
    return true;
}

static bool draft_authorities(Reigen__Client__Status *m, struct rg_arena *arena,
                              const struct rg_answer_status *s)
{
    Reigen__Client__Authority *list = rg_arena_take_array(arena, s->authority_count, sizeof *list);
    m->authorities = rg_arena_take_array(arena, s->authority_count, sizeof *m->authorities);
    if (list == NULL || m->authorities == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < s->authority_count; i++) {
        const struct rg_answer_authority *a = &s->authorities[i];
        reigen__client__authority__init(&list[i]);
        list[i].name = rg_pack_string(arena, a->name);
        list[i].agency = rg_pack_string(arena, a->agency);
        list[i].live = a->live;
        list[i].missed_turns = a->missed_turns;
        list[i].clock_offset_ms = a->clock_offset_ms;
        list[i].height = a->height;
        list[i].silent_ms = a->silent_ms;
        m->authorities[i] = &list[i];
        if (list[i].name == NULL || list[i].agency == NULL) {
            return false;
        }
    }
    m->n_authorities = s->authority_count;
    return true;
}

static bool draft_status(struct draft *d, struct rg_arena *arena, const struct rg_answer_status *s)
{
    Reigen__Client__Status *m = &d->sub.status;
    reigen__client__status__init(m);
    m->ledger = rg_pack_string(arena, s->ledger);
    m->ledger_id = of_hash(&s->ledger_id);
    m->node = rg_pack_string(arena, s->node);
    m->agency = rg_pack_string(arena, s->agency);
    m->height = s->height;
    m->hash = of_hash(&s->hash);
    m->digest = of_hash(&s->digest);
    m->epoch = s->epoch;
    m->view = s->view;
    m->lag_ms = s->lag_ms;
    m->rules_height = s->rules_height;
    m->rules_parked = s->rules_parked;
    m->bus_frames = s->bus_frames;
    m->bus_refused = s->bus_refused;
    m->quorum = s->quorum;
    m->stalled = rg_pack_string(arena, s->stalled);
    m->warning = rg_pack_string(arena, s->warning);
    m->mempool = s->mempool;
    m->time_ms = s->time_ms;
    m->pid = s->pid;
    m->memory_kib = s->memory_kib;
    m->cpu_ms = s->cpu_ms;
    m->keys_unacknowledged = s->keys_unacknowledged;
    m->alerts_logseq = s->alerts_logseq;
    d->m.status = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_STATUS;
    return m->ledger != NULL && m->node != NULL && m->agency != NULL && m->stalled != NULL &&
           m->warning != NULL && draft_authorities(m, arena, s);
}

static bool draft_events(Reigen__Client__Case *m, struct rg_arena *arena,
                         const struct rg_answer_case *c)
{
    Reigen__Client__CaseEvent *list = rg_arena_take_array(arena, c->event_count, sizeof *list);
    m->events = rg_arena_take_array(arena, c->event_count, sizeof *m->events);
    if (list == NULL || m->events == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < c->event_count; i++) {
        const struct rg_answer_case_event *e = &c->events[i];
        reigen__client__case_event__init(&list[i]);
        list[i].height = e->height;
        list[i].submission = e->submission;
        list[i].entry = e->entry;
        list[i].event = rg_pack_from(e->event);
        list[i].agency = rg_pack_string(arena, e->agency);
        list[i].member = rg_pack_string(arena, e->member);
        list[i].recorded_ms = e->recorded_ms;
        m->events[i] = &list[i];
        if (list[i].agency == NULL || list[i].member == NULL) {
            return false;
        }
    }
    m->n_events = c->event_count;
    return true;
}

static bool draft_duties(Reigen__Client__Case *m, struct rg_arena *arena,
                         const struct rg_answer_case *c)
{
    Reigen__Client__Duty *list = rg_arena_take_array(arena, c->duty_count, sizeof *list);
    m->duties = rg_arena_take_array(arena, c->duty_count, sizeof *m->duties);
    if (list == NULL || m->duties == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < c->duty_count; i++) {
        const struct rg_answer_duty *duty = &c->duties[i];
        reigen__client__duty__init(&list[i]);
        list[i].rule = rg_pack_string(arena, duty->rule);
        list[i].step = rg_pack_string(arena, duty->step);
        list[i].by = rg_arena_take_array(arena, duty->by_count, sizeof(char *));
        if (list[i].rule == NULL || list[i].step == NULL || list[i].by == NULL) {
            return false;
        }
        for (uint32_t j = 0; j < duty->by_count; j++) {
            list[i].by[j] = rg_pack_string(arena, duty->by[j]);
            if (list[i].by[j] == NULL) {
                return false;
            }
        }
        list[i].n_by = duty->by_count;
        list[i].due_ms = duty->due_ms;
        m->duties[i] = &list[i];
    }
    m->n_duties = c->duty_count;
    return true;
}

static bool draft_case(struct draft *d, struct rg_arena *arena, const struct rg_answer_case *c)
{
    Reigen__Client__Case *m = &d->sub.case_file;
    reigen__client__case__init(m);
    m->pseudonym = of_id(&c->pseudonym);
    m->truncated = c->truncated;
    m->alerts = rg_arena_take_array(arena, c->alert_count, sizeof(char *));
    if (m->alerts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < c->alert_count; i++) {
        m->alerts[i] = rg_pack_string(arena, c->alerts[i]);
        if (m->alerts[i] == NULL) {
            return false;
        }
    }
    m->n_alerts = c->alert_count;
    d->m.case_ = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_CASE;
    return draft_events(m, arena, c) && draft_duties(m, arena, c);
}

static bool draft_alerts(struct draft *d, struct rg_arena *arena, const struct rg_answer *a)
{
    Reigen__Client__Alerts *m = &d->sub.alerts;
    Reigen__Client__Alert *list = rg_arena_take_array(arena, a->alert_count, sizeof *list);
    reigen__client__alerts__init(m);
    m->alerts = rg_arena_take_array(arena, a->alert_count, sizeof *m->alerts);
    if (list == NULL || m->alerts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < a->alert_count; i++) {
        reigen__client__alert__init(&list[i]);
        list[i].logseq = a->alerts[i].logseq;
        list[i].topic = rg_pack_string(arena, a->alerts[i].topic);
        list[i].event = rg_pack_string(arena, a->alerts[i].event);
        m->alerts[i] = &list[i];
        if (list[i].topic == NULL || list[i].event == NULL) {
            return false;
        }
    }
    m->n_alerts = a->alert_count;
    m->last = a->alerts_last;
    m->more = a->alerts_more;
    d->m.alerts = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_ALERTS;
    return true;
}

static bool draft_rest(struct draft *d, struct rg_arena *arena, const struct rg_answer *a)
{
    if (a->kind == RG_ANSWER_PAGE) {
        reigen__client__page__init(&d->sub.page);
        d->sub.page.token = a->page_token;
        d->sub.page.data = rg_pack_from(a->page_data);
        d->m.page = &d->sub.page;
        d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_PAGE;
    } else if (a->kind == RG_ANSWER_DEFINITION) {
        reigen__client__definition__init(&d->sub.definition);
        d->sub.definition.yaml = rg_pack_from(a->definition);
        d->sub.definition.process = rg_pack_string(arena, a->process);
        d->sub.definition.version = a->version;
        d->m.definition = &d->sub.definition;
        d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_DEFINITION;
        return d->sub.definition.process != NULL;
    } else {
        reigen__client__cursor_state__init(&d->sub.cursor);
        d->sub.cursor.acknowledged = a->acknowledged;
        d->m.cursor = &d->sub.cursor;
        d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_CURSOR;
    }
    return true;
}

rg_err rg_client_codec_encode_answer(struct rg_arena *arena, const struct rg_answer *a,
                                     struct rg_bytes *out)
{
    struct draft d = {0};
    bool good = true;
    reigen__client__answer__init(&d.m);
    d.m.version = VERSION;
    d.m.id = a->id;
    d.m.code = a->code;
    d.m.error = rg_pack_string(arena, a->error);
    switch (a->kind) {
    case RG_ANSWER_NONE:
        break;
    case RG_ANSWER_SUBMITTED:
        good = draft_submitted(&d, &a->submitted);
        break;
    case RG_ANSWER_STATUS:
        good = draft_status(&d, arena, &a->status);
        break;
    case RG_ANSWER_CASE:
        good = draft_case(&d, arena, &a->case_file);
        break;
    case RG_ANSWER_ALERTS:
        good = draft_alerts(&d, arena, a);
        break;
    case RG_ANSWER_PAGE:
    case RG_ANSWER_DEFINITION:
    case RG_ANSWER_CURSOR:
        good = draft_rest(&d, arena, a);
        break;
    }
    if (!good || d.m.error == NULL) {
        return RG_ERR_NOMEM;
    }
    return rg_pack_encode(arena, &d.m.base, RG_FRAME_API_MAX, out);
}

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
    return RG_OK;
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
    }
    out->authority_count = (uint32_t)m->n_authorities;
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
        !rg_pack_fixed(m->ledger_id, out->ledger_id.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->hash, out->hash.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->digest, out->digest.b, RG_HASH_BYTES)) {
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
    return read_authorities(arena, m, out);
}

static rg_err read_events(struct rg_arena *arena, const Reigen__Client__Case *m,
                          struct rg_answer_case *out)
{
    out->events = rg_arena_take_array(arena, m->n_events, sizeof *out->events);
    if (out->events == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_events; i++) {
        const Reigen__Client__CaseEvent *e = m->events[i];
        struct rg_answer_case_event *to = &out->events[i];
        if (!rg_pack_text(e->agency, RG_NAME_MAX, &to->agency) ||
            !rg_pack_text(e->member, RG_NAME_MAX, &to->member)) {
            return RG_ERR_INVALID;
        }
        to->height = e->height;
        to->submission = e->submission;
        to->entry = e->entry;
        to->event = rg_pack_to(e->event);
        to->recorded_ms = e->recorded_ms;
    }
    out->event_count = (uint32_t)m->n_events;
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
            !rg_pack_text(d->step, RG_NAME_MAX, &to->step) || d->n_by > RG_DUTY_BY_MAX) {
            return RG_ERR_INVALID;
        }
        for (size_t j = 0; j < d->n_by; j++) {
            if (!rg_pack_text(d->by[j], RG_NAME_MAX, &to->by[j])) {
                return RG_ERR_INVALID;
            }
        }
        to->by_count = (uint32_t)d->n_by;
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
    const rg_err err = read_events(arena, m, out);
    return err == RG_OK ? read_duties(arena, m, out) : err;
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
        return rg_pack_text(m->definition->process, RG_NAME_MAX, &out->process) ? RG_OK
                                                                                : RG_ERR_INVALID;
    case REIGEN__CLIENT__ANSWER__BODY_CURSOR:
        out->kind = RG_ANSWER_CURSOR;
        out->acknowledged = m->cursor->acknowledged;
        return RG_OK;
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
