/* A process definition from a file, with its bytes. */
#ifndef RG_CLI_DEFINITION_FILE_H
#define RG_CLI_DEFINITION_FILE_H

#include "base/types.h"
#include "rules/definition.h"

/* Start with zeros; free with rg_definition_file_fini. */
struct rg_definition_file {
    struct rg_bytes yaml; /* malloc'ed */
    struct rg_definition *def;
};

/* Take @yaml (malloc'ed, owned from here on, also after a failure) and read it; @name stands for
 * the file. Says on stderr what is wrong, each error with line and column. Returns 0 or the exit
 * code. */
int rg_definition_file_take(const char *name, struct rg_bytes yaml, struct rg_definition_file *out);
/* Read the file @path the same way. */
int rg_definition_file_read(const char *path, struct rg_definition_file *out);
/* Free it; zeros are fine. */
void rg_definition_file_fini(struct rg_definition_file *f);

#endif /* RG_CLI_DEFINITION_FILE_H */
