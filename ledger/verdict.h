/* The result of executing a submission: the same on every node, part of the chain's results, its
 * numbers never reused. A verdict is a result, not an error: it never makes a block invalid. */
#ifndef RG_LEDGER_VERDICT_H
#define RG_LEDGER_VERDICT_H

#include <stdbool.h>

enum rg_verdict {
#define RG_X(name, num, text) RG_VERDICT_##name = (num),
#include "ledger/verdict.def"
#undef RG_X
};

/* Whether a submission with result @v has used up its signer's number: ACCEPTED, and what ballots
 * and evidence can end with. With any other result the same entries may come again under the
 * number. */
bool rg_verdict_uses_number(enum rg_verdict v);
/* Return the static English text of @v; never NULL. */
const char *rg_verdict_text(enum rg_verdict v);

#endif /* RG_LEDGER_VERDICT_H */
