/* The command line's frame: one table of commands, from which help, man page, completion and
 * suggestions are made; options of one call; exit codes. One thread, one process per call. */
#ifndef RG_CLI_CLI_H
#define RG_CLI_CLI_H

#include "base/err.h"
#include "base/types.h"
#include "client/session.h"

/* Exit codes (the same numbers answers carry). */
#define RG_CLI_OK 0
#define RG_CLI_NO 1
#define RG_CLI_USAGE 64
#define RG_CLI_INPUT 65
#define RG_CLI_UNAVAILABLE 69
#define RG_CLI_INTERNAL 70
#define RG_CLI_CREATE 73
#define RG_CLI_DISK 74
#define RG_CLI_AGAIN 75
#define RG_CLI_DENIED 77
#define RG_CLI_CONFIG 78

#define RG_CLI_OPTIONS_MAX 96 /* given in one call */
#define RG_CLI_ARGS_MAX 64
#define RG_CLI_PATH_MAX 4096

struct rg_cli_option {
    const char *name; /* without the dashes */
    const char *arg;  /* what stands for its value in help; NULL: a flag */
    const char *help;
};

struct rg_cli;

struct rg_cli_command {
    const char *name;                    /* `status`, `cluster up` */
    const char *args;                    /* positional arguments in help; "" */
    const char *summary;                 /* one line */
    const char *detail;                  /* some sentences */
    const struct rg_cli_option *options; /* ends with a NULL name; may be NULL */
    const char *examples[2];
    size_t min_args;
    size_t max_args;
    int (*run)(struct rg_cli *cli); /* returns the exit code */
};

struct rg_cli_given {
    const struct rg_cli_option *option;
    const char *value; /* NULL for a flag */
};

/* One call. */
struct rg_cli {
    const char *program; /* argv[0] */
    const struct rg_cli_command *command;
    size_t given_count;
    struct rg_cli_given given[RG_CLI_OPTIONS_MAX];
    size_t arg_count;
    const char *args[RG_CLI_ARGS_MAX];
    const char *profile; /* --profile; NULL */
    bool json;
    bool quiet;
    bool help;
};

/* Global options and the table of commands (ends with NULL). */
extern const struct rg_cli_option rg_commands_global[];
extern const struct rg_cli_command *const rg_commands[];

/* The last value of option @name in this call; NULL when it was not given. */
const char *rg_opts_get(const struct rg_cli *cli, const char *name);
/* Whether it was given. */
bool rg_opts_has(const struct rg_cli *cli, const char *name);
/* The @i-th value of a repeated option; NULL after the last. */
const char *rg_opts_nth(const struct rg_cli *cli, const char *name, size_t i);
/* The number given with @name, @min to @max, or @fallback. Writes a sentence to stderr when it is
 * wrong. Errors: RG_ERR_USAGE. */
RG_CHECKED rg_err rg_opts_number(const struct rg_cli *cli, const char *name,
                                 const uint64_t range[2], uint64_t fallback, uint64_t *out);
/* Read the arguments of a call into @cli. Writes to stderr what is wrong.
 * Errors: RG_ERR_USAGE. */
RG_CHECKED rg_err rg_opts_parse(int argc, char **argv, struct rg_cli *cli);

/* The command that @words name (one or two of them); gives how many were used. NULL: none. */
const struct rg_cli_command *rg_commands_find(char **words, int count, int *out_used);
/* The nearest of @count names to @word, NULL when none is near (edit distance over a third). */
const char *rg_suggest_nearest(const char *word, const char *const *names, size_t count);

/* Help for all commands, one command; the man page; completion for bash, zsh, fish. */
void rg_help_all(void);
void rg_help_group(const char *group);
void rg_help_command(const struct rg_cli_command *c);
void rg_help_man(void);
bool rg_help_completion(const char *shell);

#endif /* RG_CLI_CLI_H */
