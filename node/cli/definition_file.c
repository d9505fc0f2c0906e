#include "node/cli/definition_file.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include <stdio.h>
#include <stdlib.h>

int rg_definition_file_take(const char *name, struct rg_bytes yaml, struct rg_definition_file *out)
{
    char text[RG_DEFINITION_ERROR_MAX];
    *out = (struct rg_definition_file){.yaml = yaml};
    const rg_err err = rg_definition_parse(name, yaml, &out->def, text);
    if (err == RG_OK) {
        return RG_CLI_OK;
    }
    (void)fprintf(stderr, "%s\n", text[0] != '\0' ? text : rg_err_text(err));
    rg_definition_file_fini(out);
    return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL : RG_CLI_INPUT;
}

int rg_definition_file_read(const char *path, struct rg_definition_file *out)
{
    uint8_t *data = NULL;
    size_t len = 0;
    const rg_err err = rg_file_read(path, RG_DEFINITION_MAX, &data, &len);
    if (err != RG_OK) {
        rg_say_error("%s: %s", path,
                     err == RG_ERR_FULL ? "larger than a definition may be (64 KiB)"
                                        : rg_err_text(err));
        return RG_CLI_INPUT;
    }
    return rg_definition_file_take(path, (struct rg_bytes){data, len}, out);
}

void rg_definition_file_fini(struct rg_definition_file *f)
{
    rg_definition_destroy(&f->def);
    free((void *)(uintptr_t)f->yaml.data);
    *f = (struct rg_definition_file){0};
}
