/* One Lua 5.4 interpreter with one script in it, shut off: text only (no bytecode), no files, no
 * clock, no random numbers, nothing that depends on addresses or on the order of a hash table; caps
 * on memory, on steps and on what is allocated in one call. A call that breaks a cap or fails ends
 * with a text `FILE:LINE: what`, and the interpreter can be used further.
 *
 * Every case gets globals of its own (the script runs anew), so nothing of one case can reach
 * another but through the state, which is handed in and out as bytes.
 *
 * Not promised to be the same on every node: where exactly a script that uses nearly all the memory
 * meets its cap, and floating point beyond IEEE's basic operations (`^`). One thread. */
#ifndef RG_RULES_LUA_BOX_H
#define RG_RULES_LUA_BOX_H

#include "base/err.h"
#include "base/types.h"
#include "rules/reigen_rules.h"

#define RG_LUA_BOX_MEMORY_MAX ((size_t)4 * 1024 * 1024)     /* bytes at once */
#define RG_LUA_BOX_ALLOCATED_MAX ((size_t)64 * 1024 * 1024) /* bytes in one call, freed or not */
#define RG_LUA_BOX_STEPS_MAX 1000000                        /* instructions in one call */
#define RG_LUA_BOX_STATE_MAX 4096                           /* bytes of a case's state */
#define RG_LUA_BOX_NAME_MAX 48                              /* bytes of the script's name */
#define RG_LUA_BOX_TEXT_MAX 512

struct rg_lua_box;

/* What a call may say, and what it is about. */
struct rg_lua_box_call {
    const struct rg_rules_host *host; /* borrowed: takes alerts and duties */
    uint32_t rule;                    /* index that the script's alerts carry */
    int64_t event_count;              /* events that may be named: 0 to event_count - 1 */
    int64_t event_no;                 /* what an alert is about unless it says so */
    struct rg_rules_text step;        /* of that event */
    int64_t due_ms;                   /* in and out: after this time the script wants a tick */
};

/* Read @script, run it once, and give the interpreter; copies nothing that it keeps but the text's
 * compiled form. @name: of its file, for texts. On failure @err holds a text.
 * Errors: RG_ERR_INVALID  the script is wrong, or runs over a cap
 *         RG_ERR_NOMEM */
RG_CHECKED rg_err rg_lua_box_open(const char *name, struct rg_bytes script, struct rg_lua_box **out,
                                  char err[RG_LUA_BOX_TEXT_MAX]);
/* Free; sets *@b to NULL, accepts NULL. */
void rg_lua_box_close(struct rg_lua_box **b);

/* Start a case from its @state; empty for a new case.
 * Errors: RG_ERR_CORRUPT  it is none that rg_lua_box_state() gave
 *         RG_ERR_INVALID  the script failed, see rg_lua_box_text() */
RG_CHECKED rg_err rg_lua_box_begin(struct rg_lua_box *b, struct rg_bytes state);
/* Call the script's `entry`, `tick` or `duties`, if it has it.
 * Errors: RG_ERR_INVALID  the script failed, see rg_lua_box_text(); what it said before counts */
RG_CHECKED rg_err rg_lua_box_entry(struct rg_lua_box *b, struct rg_lua_box_call *call,
                                   const struct rg_rules_entry *entry);
RG_CHECKED rg_err rg_lua_box_tick(struct rg_lua_box *b, struct rg_lua_box_call *call,
                                  int64_t time_ms);
RG_CHECKED rg_err rg_lua_box_duties(struct rg_lua_box *b, struct rg_lua_box_call *call);
/* The state as of the last call that did not fail; borrowed until the next call. */
struct rg_bytes rg_lua_box_state(const struct rg_lua_box *b);
/* What failed last: `FILE:LINE: what`, or `FILE: what`. */
const char *rg_lua_box_text(const struct rg_lua_box *b);

#endif /* RG_RULES_LUA_BOX_H */
