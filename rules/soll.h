/* The bundled rules module: a declarative engine over a process definition. One state machine per
 * rule and case serves live alerts and conformance alike; see docs/process-definitions.md for
 * templates and semantics. Does not know where entries come from. */
#ifndef RG_RULES_SOLL_H
#define RG_RULES_SOLL_H

#include "rules/reigen_rules.h"

/* Bytes of the live state of a case; over it the newest open activations are no longer followed and
 * a system alert says so, once a rule and case. */
#define RG_SOLL_STATE_MAX 16384

#define RG_SOLL_TAG UINT64_C(14695981039346656037)
/* Continue a tag with @len bytes (FNV-1a); it tells definitions and scripts apart in stored states
 * and protects nothing. Begin with RG_SOLL_TAG. */
uint64_t rg_soll_tag(uint64_t tag, const uint8_t *data, size_t len);

/* The module's table; static. */
const struct rg_rules_module *rg_soll_module(void);

#endif /* RG_RULES_SOLL_H */
