/* Conformance broken down: the verdicts of cases added up by rule for each site and each month. Two
 * cases are in one group when they have the same site and the same month, as far as is asked for.
 *
 * Owner: the conformance check that made it. One thread. Bounded: RG_BREAKDOWN_GROUPS_MAX. */
#ifndef RG_MONITOR_BREAKDOWN_H
#define RG_MONITOR_BREAKDOWN_H

#include "base/err.h"
#include "base/types.h"
#include "proto/client_codec.h"
#include "rules/definition.h"
#include "rules/hostmsg.h"

#define RG_BREAKDOWN_GROUPS_MAX 4096u
#define RG_BREAKDOWN_ROWS_MAX 65536u /* groups times rules: half a second to write */

struct json_t; /* jansson.h */
struct rg_event_field;
struct rg_breakdown; /* opaque */

/* What the first entry of a case that counts says. */
struct rg_breakdown_first {
    int64_t occurred_ms;
    const struct rg_event_field *fields;
    uint32_t field_count;
};

/* Make an empty one for the rules of @def (borrowed). @by: RG_REQUEST_BY_SITE, RG_REQUEST_BY_MONTH
 * or both. Errors: RG_ERR_INVALID  by site, and the definition names no field `site`;
 * RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_breakdown_create(const struct rg_definition *def, uint32_t by,
                                      struct rg_breakdown **out);
/* Free; takes *@b_p and nulls it; NULL is fine. */
void rg_breakdown_destroy(struct rg_breakdown **b_p);
/* How many groups there can be: RG_BREAKDOWN_GROUPS_MAX, or fewer when there are many rules. */
size_t rg_breakdown_cap(const struct rg_breakdown *b);
/* Give the number of the group, from 1, to which a case with this first entry belongs (borrowed;
 * NULL: no entry of it counts). Errors: RG_ERR_FULL  more than rg_breakdown_cap() groups;
 * RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_breakdown_find(struct rg_breakdown *b, const struct rg_breakdown_first *first,
                                    uint16_t *out_group);
/* Count so many cases and events of the group. */
void rg_breakdown_count(struct rg_breakdown *b, uint16_t group, uint64_t cases, uint64_t events);
/* Add a VERDICT on a case of the group; it must be one that rg_tally_add() takes. */
void rg_breakdown_add(struct rg_breakdown *b, uint16_t group, const struct rg_hostmsg_item *item);
/* Give the groups as a JSON list, by site in the order of the definition, then by month, what has
 * none last; the caller owns the reference. To be written with JSON_REAL_PRECISION of
 * RG_BREAKDOWN_DIGITS. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_breakdown_report(const struct rg_breakdown *b, struct json_t **out);

#define RG_BREAKDOWN_DIGITS 4u /* of a fitness */

#endif /* RG_MONITOR_BREAKDOWN_H */
