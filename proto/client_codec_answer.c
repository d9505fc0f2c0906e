/* The answer half of client_codec.h, writing. */
#include "client.pb-c.h"
#include "proto/client_codec.h"
#include "proto/pack.h"

#define VERSION 1u

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
        Reigen__Client__Events events;
        Reigen__Client__Motions motions;
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
    m->verdict = s->verdict;
    d->m.submitted = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_SUBMITTED;
    return true;
}

/* Copies of @count texts; NULL when they do not fit. */
static char **draft_texts(struct rg_arena *arena, const struct rg_bytes *from, uint32_t count)
{
    char **out = rg_arena_take_array(arena, count, sizeof *out);
    for (uint32_t i = 0; out != NULL && i < count; i++) {
        out[i] = rg_pack_string(arena, from[i]);
        if (out[i] == NULL) {
            return NULL;
        }
    }
    return out;
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
        list[i].cut = a->cut;
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
    m->mute = s->mute;
    m->motions = s->motions;
    m->process = rg_pack_string(arena, s->process);
    m->version = s->version;
    m->version_from = s->version_from;
    m->rules_compared = s->rules_compared;
    m->n_rules_differ = s->differ_count;
    m->rules_differ = draft_texts(arena, s->differ, s->differ_count);
    d->m.status = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_STATUS;
    return m->ledger != NULL && m->node != NULL && m->agency != NULL && m->stalled != NULL &&
           m->warning != NULL && m->process != NULL && m->rules_differ != NULL &&
           draft_authorities(m, arena, s);
}

/* A list of events as messages; NULL when they do not fit. */
static Reigen__Client__CaseEvent **
draft_events(struct rg_arena *arena, const struct rg_answer_case_event *events, uint32_t count)
{
    Reigen__Client__CaseEvent *list = rg_arena_take_array(arena, count, sizeof *list);
    Reigen__Client__CaseEvent **out = rg_arena_take_array(arena, count, sizeof *out);
    if (list == NULL || out == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct rg_answer_case_event *e = &events[i];
        reigen__client__case_event__init(&list[i]);
        list[i].height = e->height;
        list[i].submission = e->submission;
        list[i].entry = e->entry;
        list[i].event = rg_pack_from(e->event);
        list[i].agency = rg_pack_string(arena, e->agency);
        list[i].member = rg_pack_string(arena, e->member);
        list[i].recorded_ms = e->recorded_ms;
        list[i].standing = e->standing;
        list[i].by_height = e->by_height;
        list[i].by_submission = e->by_submission;
        list[i].by_entry = e->by_entry;
        out[i] = &list[i];
        if (list[i].agency == NULL || list[i].member == NULL) {
            return NULL;
        }
    }
    return out;
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
        list[i].by = draft_texts(arena, duty->by, duty->by_count);
        list[i].label_de = rg_pack_string(arena, duty->label_de);
        list[i].label_en = rg_pack_string(arena, duty->label_en);
        if (list[i].rule == NULL || list[i].step == NULL || list[i].by == NULL ||
            list[i].label_de == NULL || list[i].label_en == NULL) {
            return false;
        }
        list[i].n_by = duty->by_count;
        list[i].due_ms = duty->due_ms;
        m->duties[i] = &list[i];
    }
    m->n_duties = c->duty_count;
    return true;
}

static bool draft_rule(Reigen__Client__RuleState *m, struct rg_arena *arena,
                       const struct rg_answer_rule *r)
{
    reigen__client__rule_state__init(m);
    m->rule = rg_pack_string(arena, r->rule);
    m->state = (uint32_t)r->state;
    m->violations = r->violations;
    m->n_events = r->event_count;
    m->events = rg_arena_take_array(arena, r->event_count, sizeof *m->events);
    m->due_ms = r->due_ms;
    m->n_by = r->by_count;
    m->by = draft_texts(arena, r->by, r->by_count);
    m->critical = r->critical;
    m->message_de = rg_pack_string(arena, r->message_de);
    m->message_en = rg_pack_string(arena, r->message_en);
    for (uint32_t i = 0; m->events != NULL && i < r->event_count; i++) {
        m->events[i] = r->events[i];
    }
    return m->rule != NULL && m->events != NULL && m->by != NULL && m->message_de != NULL &&
           m->message_en != NULL;
}

static bool draft_rules(Reigen__Client__Case *m, struct rg_arena *arena,
                        const struct rg_answer_case *c)
{
    Reigen__Client__RuleState *list = rg_arena_take_array(arena, c->rule_count, sizeof *list);
    m->rules = rg_arena_take_array(arena, c->rule_count, sizeof *m->rules);
    if (list == NULL || m->rules == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < c->rule_count; i++) {
        m->rules[i] = &list[i];
        if (!draft_rule(&list[i], arena, &c->rules[i])) {
            return false;
        }
    }
    m->n_rules = c->rule_count;
    return true;
}

static bool draft_case(struct draft *d, struct rg_arena *arena, const struct rg_answer_case *c)
{
    Reigen__Client__Case *m = &d->sub.case_file;
    reigen__client__case__init(m);
    m->pseudonym = of_id(&c->pseudonym);
    m->truncated = c->truncated;
    m->alerts = draft_texts(arena, c->alerts, c->alert_count);
    if (m->alerts == NULL) {
        return false;
    }
    m->n_alerts = c->alert_count;
    d->m.case_ = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_CASE;
    m->events = draft_events(arena, c->events, c->event_count);
    m->n_events = c->event_count;
    return m->events != NULL && draft_duties(m, arena, c) && draft_rules(m, arena, c);
}

static bool draft_cases(struct draft *d, struct rg_arena *arena, const struct rg_answer *a)
{
    Reigen__Client__Events *m = &d->sub.events;
    Reigen__Client__CaseEvents *list = rg_arena_take_array(arena, a->case_count, sizeof *list);
    reigen__client__events__init(m);
    m->cases = rg_arena_take_array(arena, a->case_count, sizeof *m->cases);
    if (list == NULL || m->cases == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < a->case_count; i++) {
        const struct rg_answer_case_events *c = &a->cases[i];
        reigen__client__case_events__init(&list[i]);
        list[i].pseudonym = of_id(&c->pseudonym);
        list[i].file_number = rg_pack_string(arena, c->file_number);
        list[i].first = c->first;
        list[i].events = draft_events(arena, c->events, c->event_count);
        list[i].n_events = c->event_count;
        m->cases[i] = &list[i];
        if (list[i].file_number == NULL || list[i].events == NULL) {
            return false;
        }
    }
    m->n_cases = a->case_count;
    m->next_case = a->next_case;
    m->next_event = a->next_event;
    m->through = a->through;
    m->time_ms = a->time_ms;
    m->version = a->version;
    d->m.events = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_EVENTS;
    return true;
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

/* The set as a list of numbers; NULL when it does not fit. */
static uint32_t *draft_set(struct rg_arena *arena, const struct rg_set *set)
{
    uint32_t *list = rg_arena_take_array(arena, set->count, sizeof *list);
    for (uint32_t i = 0; list != NULL && i < set->count; i++) {
        list[i] = set->principal[i];
    }
    return list;
}

static bool draft_nodes(Reigen__Client__Motions *m, struct rg_arena *arena,
                        const struct rg_answer_motions *a)
{
    Reigen__Client__Node *list = rg_arena_take_array(arena, a->node_count, sizeof *list);
    m->nodes = rg_arena_take_array(arena, a->node_count, sizeof *m->nodes);
    m->agencies = rg_arena_take_array(arena, a->agency_count, sizeof(char *));
    if (list == NULL || m->nodes == NULL || m->agencies == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < a->agency_count; i++) {
        m->agencies[i] = rg_pack_string(arena, a->agencies[i]);
        if (m->agencies[i] == NULL) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->node_count; i++) {
        reigen__client__node__init(&list[i]);
        list[i].principal = a->nodes[i].principal;
        list[i].name = rg_pack_string(arena, a->nodes[i].name);
        list[i].agency = rg_pack_string(arena, a->nodes[i].agency);
        m->nodes[i] = &list[i];
        if (list[i].name == NULL || list[i].agency == NULL) {
            return false;
        }
    }
    m->n_agencies = a->agency_count;
    m->n_nodes = a->node_count;
    return true;
}

static void draft_published(Reigen__Client__PublishedDefinition *m, const struct rg_published *p)
{
    reigen__client__published_definition__init(m);
    m->hash = of_hash(&p->hash);
    m->version = p->version;
    m->height = p->height;
    m->submission = p->submission;
    m->from_height = p->from;
}

static bool draft_definitions(Reigen__Client__Motions *m, struct rg_arena *arena,
                              const struct rg_answer_motions *a)
{
    Reigen__Client__PublishedDefinition *list =
        rg_arena_take_array(arena, a->published_count, sizeof *list);
    m->definitions = rg_arena_take_array(arena, a->published_count, sizeof *m->definitions);
    if (list == NULL || m->definitions == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < a->published_count; i++) {
        draft_published(&list[i], &a->published[i]);
        m->definitions[i] = &list[i];
    }
    m->n_definitions = a->published_count;
    return true;
}

static bool draft_open_motions(Reigen__Client__Motions *m, struct rg_arena *arena,
                               const struct rg_answer_motions *a)
{
    Reigen__Client__OpenMotion *list = rg_arena_take_array(arena, a->motion_count, sizeof *list);
    Reigen__Client__PublishedDefinition *definitions =
        rg_arena_take_array(arena, a->motion_count, sizeof *definitions);
    m->motions = rg_arena_take_array(arena, a->motion_count, sizeof *m->motions);
    if (list == NULL || definitions == NULL || m->motions == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < a->motion_count; i++) {
        const struct rg_open_motion *o = &a->motions[i];
        reigen__client__open_motion__init(&list[i]);
        list[i].id = of_hash(&o->id);
        list[i].expires_ms = o->motion.expires_ms;
        list[i].authorities = draft_set(arena, &o->motion.set);
        list[i].n_authorities = o->motion.set.count;
        list[i].yes = o->yes;
        list[i].no = o->no;
        if (o->motion.definition.version > 0) {
            draft_published(&definitions[i], &o->motion.definition);
            list[i].definition = &definitions[i];
        }
        m->motions[i] = &list[i];
        if (list[i].authorities == NULL) {
            return false;
        }
    }
    m->n_motions = a->motion_count;
    return true;
}

static bool draft_motions(struct draft *d, struct rg_arena *arena,
                          const struct rg_answer_motions *a)
{
    Reigen__Client__Motions *m = &d->sub.motions;
    reigen__client__motions__init(m);
    m->height = a->height;
    m->time_ms = a->time_ms;
    m->epoch = a->epoch;
    m->quorum = a->quorum;
    m->agency = a->agency;
    m->admin_key = rg_pack_from((struct rg_bytes){a->admin_key.b, RG_KEY_BYTES});
    m->current = draft_set(arena, &a->current);
    m->n_current = a->current.count;
    m->next = draft_set(arena, &a->next);
    m->n_next = a->next.count;
    d->m.motions = m;
    d->m.body_case = REIGEN__CLIENT__ANSWER__BODY_MOTIONS;
    return m->current != NULL && m->next != NULL && draft_nodes(m, arena, a) &&
           draft_open_motions(m, arena, a) && draft_definitions(m, arena, a);
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
        d->sub.definition.from_height = a->version_from;
        d->sub.definition.hash = of_hash(&a->definition_hash);
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
    case RG_ANSWER_EVENTS:
        good = draft_cases(&d, arena, a);
        break;
    case RG_ANSWER_MOTIONS:
        good = draft_motions(&d, arena, &a->motions);
        break;
    }
    if (!good || d.m.error == NULL) {
        return RG_ERR_NOMEM;
    }
    return rg_pack_encode(arena, &d.m.base, RG_FRAME_API_MAX, out);
}
