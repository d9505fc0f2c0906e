/* The request half of client_codec.h. */
#include "base/bytes.h"
#include "client.pb-c.h"
#include "proto/client_codec.h"
#include "proto/pack.h"

#define VERSION 1u
#define RULES_MAX RG_DEFINITION_MAX

/* Space for every sub-message of one Request under encoding. */
struct draft {
    Reigen__Client__Request m;
    union {
        Reigen__Client__Submit submit;
        Reigen__Client__GetStatus status;
        Reigen__Client__GetCase get_case;
        Reigen__Client__GetAlerts alerts;
        Reigen__Client__GetConformance conformance;
        Reigen__Client__GetDefinition definition;
        Reigen__Client__Cursor cursor;
        Reigen__Client__TestHook hook;
        Reigen__Client__GetPage page;
        Reigen__Client__GetEvents events;
        Reigen__Client__SubmitBallot ballot;
        Reigen__Client__GetMotions motions;
    } sub;
};

static ProtobufCBinaryData of_id(const struct rg_id *id)
{
    return rg_pack_from((struct rg_bytes){id->b, RG_ID_BYTES});
}

static bool draft_submit(struct draft *d, struct rg_arena *arena, const struct rg_request *r)
{
    Reigen__Client__Submit *s = &d->sub.submit;
    reigen__client__submit__init(s);
    s->n_events = r->count;
    s->n_cases = r->count;
    s->events = rg_arena_take_array(arena, r->count, sizeof *s->events);
    s->cases = rg_arena_take_array(arena, r->count, sizeof *s->cases);
    if (s->events == NULL || s->cases == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        s->events[i] = rg_pack_from(r->events[i]);
        s->cases[i] = rg_pack_string(arena, r->cases[i]);
        if (s->cases[i] == NULL) {
            return false;
        }
    }
    s->stream = of_id(&r->stream);
    s->first = r->first;
    s->signature = rg_pack_from((struct rg_bytes){r->signature.b, RG_SIG_BYTES});
    s->wait = r->wait;
    if (r->has_link) {
        s->link = of_id(&r->link);
    }
    d->m.submit = s;
    d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_SUBMIT;
    return true;
}

static bool draft_case(struct draft *d, struct rg_arena *arena, const struct rg_request *r)
{
    Reigen__Client__GetCase *c = &d->sub.get_case;
    reigen__client__get_case__init(c);
    c->file_number = rg_pack_string(arena, r->file_number);
    if (r->has_pseudonym) {
        c->pseudonym = of_id(&r->pseudonym);
    }
    d->m.case_ = c;
    d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_CASE;
    return c->file_number != NULL;
}

static bool draft_alerts(struct draft *d, struct rg_arena *arena, const struct rg_request *r)
{
    Reigen__Client__GetAlerts *a = &d->sub.alerts;
    reigen__client__get_alerts__init(a);
    a->since = r->since;
    a->max = r->max;
    a->severity = rg_pack_string(arena, r->severity);
    a->file_number = rg_pack_string(arena, r->file_number);
    if (r->has_pseudonym) {
        a->pseudonym = of_id(&r->pseudonym);
    }
    if (r->has_alert) {
        a->alert = rg_pack_from((struct rg_bytes){r->alert.b, RG_HASH_BYTES});
    }
    a->unacknowledged = r->unacknowledged;
    d->m.alerts = a;
    d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_ALERTS;
    return a->severity != NULL && a->file_number != NULL;
}

static bool draft_governance(struct draft *d, const struct rg_request *r)
{
    if (r->kind == RG_REQUEST_BALLOT) {
        reigen__client__submit_ballot__init(&d->sub.ballot);
        d->sub.ballot.entry = rg_pack_from(r->entry);
        d->sub.ballot.wait = r->wait;
        d->m.ballot = &d->sub.ballot;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_BALLOT;
    } else {
        reigen__client__get_motions__init(&d->sub.motions);
        d->m.motions = &d->sub.motions;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_MOTIONS;
    }
    return true;
}

static bool draft_small(struct draft *d, struct rg_arena *arena, const struct rg_request *r)
{
    if (r->kind == RG_REQUEST_STATUS) {
        reigen__client__get_status__init(&d->sub.status);
        d->m.status = &d->sub.status;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_STATUS;
    } else if (r->kind == RG_REQUEST_CONFORMANCE) {
        reigen__client__get_conformance__init(&d->sub.conformance);
        d->sub.conformance.rules = rg_pack_from(r->rules);
        d->sub.conformance.as_of_ms = r->as_of_ms;
        d->sub.conformance.by = r->by;
        d->m.conformance = &d->sub.conformance;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_CONFORMANCE;
    } else if (r->kind == RG_REQUEST_DEFINITION) {
        reigen__client__get_definition__init(&d->sub.definition);
        d->sub.definition.version = r->version;
        if (r->has_motion) {
            d->sub.definition.motion = rg_pack_from((struct rg_bytes){r->motion.b, RG_HASH_BYTES});
        }
        d->m.definition = &d->sub.definition;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_DEFINITION;
    } else if (r->kind == RG_REQUEST_CURSOR) {
        reigen__client__cursor__init(&d->sub.cursor);
        d->sub.cursor.name = rg_pack_string(arena, r->name);
        d->sub.cursor.acknowledge = r->acknowledge;
        d->m.cursor = &d->sub.cursor;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_CURSOR;
        return d->sub.cursor.name != NULL;
    } else if (r->kind == RG_REQUEST_TEST_HOOK) {
        reigen__client__test_hook__init(&d->sub.hook);
        d->sub.hook.name = rg_pack_string(arena, r->name);
        d->m.test_hook = &d->sub.hook;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_TEST_HOOK;
        return d->sub.hook.name != NULL;
    } else if (r->kind == RG_REQUEST_EVENTS) {
        reigen__client__get_events__init(&d->sub.events);
        d->sub.events.case_ = r->from_case;
        d->sub.events.event = r->from_event;
        d->sub.events.through = r->through;
        d->sub.events.after = r->after;
        d->m.events = &d->sub.events;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_EVENTS;
    } else {
        reigen__client__get_page__init(&d->sub.page);
        d->sub.page.token = r->token;
        d->sub.page.number = r->page;
        d->m.page = &d->sub.page;
        d->m.body_case = REIGEN__CLIENT__REQUEST__BODY_PAGE;
    }
    return true;
}

rg_err rg_client_codec_encode_request(struct rg_arena *arena, const struct rg_hash *ledger,
                                      const struct rg_request *r, struct rg_bytes *out)
{
    struct draft d = {0};
    bool good = false;
    reigen__client__request__init(&d.m);
    d.m.version = VERSION;
    d.m.id = r->id;
    d.m.ledger = rg_pack_from((struct rg_bytes){ledger->b, RG_HASH_BYTES});
    switch (r->kind) {
    case RG_REQUEST_NONE:
        return RG_ERR_INVALID;
    case RG_REQUEST_SUBMIT:
        good = draft_submit(&d, arena, r);
        break;
    case RG_REQUEST_CASE:
        good = draft_case(&d, arena, r);
        break;
    case RG_REQUEST_ALERTS:
        good = draft_alerts(&d, arena, r);
        break;
    case RG_REQUEST_STATUS:
    case RG_REQUEST_CONFORMANCE:
    case RG_REQUEST_DEFINITION:
    case RG_REQUEST_CURSOR:
    case RG_REQUEST_TEST_HOOK:
    case RG_REQUEST_PAGE:
    case RG_REQUEST_EVENTS:
        good = draft_small(&d, arena, r);
        break;
    case RG_REQUEST_BALLOT:
    case RG_REQUEST_MOTIONS:
        good = draft_governance(&d, r);
        break;
    }
    return good ? rg_pack_encode(arena, &d.m.base, RG_FRAME_API_MAX, out) : RG_ERR_NOMEM;
}

static rg_err read_submit(struct rg_arena *arena, const Reigen__Client__Submit *m,
                          struct rg_request *out)
{
    if (!rg_pack_fixed(m->stream, out->stream.b, RG_ID_BYTES) ||
        !rg_pack_fixed(m->signature, out->signature.b, RG_SIG_BYTES) ||
        !rg_pack_optional(m->link, out->link.b, RG_ID_BYTES, &out->has_link) || m->first == 0 ||
        m->n_events == 0 || m->n_events > RG_SUBMISSION_ENTRIES_MAX || m->n_cases != m->n_events ||
        m->first > UINT64_MAX - m->n_events) {
        return RG_ERR_INVALID;
    }
    out->events = rg_arena_take_array(arena, m->n_events, sizeof *out->events);
    out->cases = rg_arena_take_array(arena, m->n_events, sizeof *out->cases);
    if (out->events == NULL || out->cases == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_events; i++) {
        out->events[i] = rg_pack_to(m->events[i]);
        if (!rg_pack_text(m->cases[i], RG_FILE_NUMBER_MAX, &out->cases[i]) ||
            (out->cases[i].len == 0 && m->n_events > 1) || out->events[i].len == 0) {
            return RG_ERR_INVALID;
        }
    }
    out->kind = RG_REQUEST_SUBMIT;
    out->first = m->first;
    out->count = (uint32_t)m->n_events;
    out->wait = m->wait != 0;
    return RG_OK;
}

static rg_err read_case(const Reigen__Client__GetCase *m, struct rg_request *out)
{
    out->kind = RG_REQUEST_CASE;
    return rg_pack_text(m->file_number, RG_FILE_NUMBER_MAX, &out->file_number) &&
                   rg_pack_optional(m->pseudonym, out->pseudonym.b, RG_ID_BYTES,
                                    &out->has_pseudonym) &&
                   (out->has_pseudonym != (out->file_number.len > 0))
               ? RG_OK
               : RG_ERR_INVALID;
}

static rg_err read_alerts(const Reigen__Client__GetAlerts *m, struct rg_request *out)
{
    out->kind = RG_REQUEST_ALERTS;
    out->since = m->since;
    out->max = m->max;
    out->unacknowledged = m->unacknowledged != 0;
    return rg_pack_text(m->file_number, RG_FILE_NUMBER_MAX, &out->file_number) &&
                   rg_pack_text(m->severity, 16, &out->severity) &&
                   rg_pack_optional(m->pseudonym, out->pseudonym.b, RG_ID_BYTES,
                                    &out->has_pseudonym) &&
                   rg_pack_optional(m->alert, out->alert.b, RG_HASH_BYTES, &out->has_alert)
               ? RG_OK
               : RG_ERR_INVALID;
}

static rg_err read_body(struct rg_arena *arena, const Reigen__Client__Request *m,
                        struct rg_request *out)
{
    switch ((int)m->body_case) {
    case REIGEN__CLIENT__REQUEST__BODY_SUBMIT:
        return read_submit(arena, m->submit, out);
    case REIGEN__CLIENT__REQUEST__BODY_STATUS:
        out->kind = RG_REQUEST_STATUS;
        return RG_OK;
    case REIGEN__CLIENT__REQUEST__BODY_CASE:
        return read_case(m->case_, out);
    case REIGEN__CLIENT__REQUEST__BODY_ALERTS:
        return read_alerts(m->alerts, out);
    case REIGEN__CLIENT__REQUEST__BODY_CONFORMANCE:
        out->kind = RG_REQUEST_CONFORMANCE;
        out->rules = rg_pack_to(m->conformance->rules);
        out->as_of_ms = m->conformance->as_of_ms;
        out->by = m->conformance->by;
        return out->rules.len <= RULES_MAX && out->as_of_ms >= -1 ? RG_OK : RG_ERR_INVALID;
    case REIGEN__CLIENT__REQUEST__BODY_DEFINITION:
        out->kind = RG_REQUEST_DEFINITION;
        out->version = m->definition->version;
        return rg_pack_optional(m->definition->motion, out->motion.b, RG_HASH_BYTES,
                                &out->has_motion) &&
                       !(out->has_motion && out->version != 0)
                   ? RG_OK
                   : RG_ERR_INVALID;
    case REIGEN__CLIENT__REQUEST__BODY_CURSOR:
        out->kind = RG_REQUEST_CURSOR;
        out->acknowledge = m->cursor->acknowledge;
        return rg_pack_text(m->cursor->name, RG_NAME_MAX, &out->name) && out->name.len > 0
                   ? RG_OK
                   : RG_ERR_INVALID;
    case REIGEN__CLIENT__REQUEST__BODY_TEST_HOOK:
        out->kind = RG_REQUEST_TEST_HOOK;
        return rg_pack_text(m->test_hook->name, RG_NAME_MAX, &out->name) ? RG_OK : RG_ERR_INVALID;
    case REIGEN__CLIENT__REQUEST__BODY_PAGE:
        out->kind = RG_REQUEST_PAGE;
        out->token = m->page->token;
        out->page = m->page->number;
        return out->token != 0 ? RG_OK : RG_ERR_INVALID;
    case REIGEN__CLIENT__REQUEST__BODY_EVENTS:
        out->kind = RG_REQUEST_EVENTS;
        out->from_case = m->events->case_;
        out->from_event = m->events->event;
        out->through = m->events->through;
        out->after = m->events->after;
        return RG_OK;
    case REIGEN__CLIENT__REQUEST__BODY_BALLOT:
        out->kind = RG_REQUEST_BALLOT;
        out->entry = rg_pack_to(m->ballot->entry);
        out->wait = m->ballot->wait != 0;
        return out->entry.len > 0 && out->entry.len <= RG_BALLOT_MAX ? RG_OK : RG_ERR_INVALID;
    case REIGEN__CLIENT__REQUEST__BODY_MOTIONS:
        out->kind = RG_REQUEST_MOTIONS;
        return RG_OK;
    default:
        return RG_ERR_INVALID;
    }
}

rg_err rg_client_codec_decode_request(struct rg_arena *arena, const struct rg_hash *ledger,
                                      struct rg_bytes bytes, struct rg_request *out)
{
    const Reigen__Client__Request *m = NULL;
    struct rg_request r = {0};
    rg_err err = rg_pack_decode(arena, &reigen__client__request__descriptor, bytes,
                                RG_FRAME_API_MAX, (const ProtobufCMessage **)(const void **)&m);
    if (err != RG_OK) {
        return err;
    }
    r.id = m->id;
    if (m->version != VERSION) {
        return RG_ERR_VERSION;
    }
    if (!rg_bytes_eq(rg_pack_to(m->ledger), (struct rg_bytes){ledger->b, RG_HASH_BYTES})) {
        *out = r;
        return RG_ERR_AUTH;
    }
    err = read_body(arena, m, &r);
    if (err == RG_OK) {
        *out = r;
    }
    return err;
}
