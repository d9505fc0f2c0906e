#include "node/cli/cli.h"
#include "node/cli/say.h"
#include <stdio.h>
#include <string.h>

#define EXIT_CODES                                                                                 \
    "0 done; 1 the answer is no; 64 usage; 65 bad input; 69 node or quorum unavailable; 70 "       \
    "internal; 73 cannot create; 74 disk error; 75 try again; 77 not allowed; 78 bad "             \
    "configuration"

static void print_options(const struct rg_cli_option *o)
{
    for (size_t i = 0; o != NULL && o[i].name != NULL; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", o[i].name, o[i].arg != NULL ? " " : "",
                       o[i].arg != NULL ? o[i].arg : "");
        (void)printf("  %-24s %s\n", left, o[i].help);
    }
}

void rg_help_all(void)
{
    (void)printf("%sreigen%s - command line of a Reigen node: a ledger shared by agencies\n\n"
                 "usage: reigen [global options] COMMAND [options]\n\n",
                 rg_say_colour("bold"), rg_say_colour("off"));
    for (size_t i = 0; rg_commands[i] != NULL; i++) {
        (void)printf("  %-20s %s\n", rg_commands[i]->name, rg_commands[i]->summary);
    }
    (void)printf("  %-20s %s\n\nglobal options:\n", "completion",
                 "completion for bash, zsh or fish");
    print_options(rg_commands_global);
    (void)printf("\nexit codes: " EXIT_CODES "\n\n"
                 "first steps:\n"
                 "  reigen cluster up --nodes 4 --dir /tmp/net --detach\n"
                 "  reigen --profile /tmp/net/node1/profile.yaml status\n\n"
                 "`reigen COMMAND --help` tells more.\n");
}

void rg_help_group(const char *group)
{
    const size_t len = strlen(group);
    for (size_t i = 0; rg_commands[i] != NULL; i++) {
        if (strncmp(rg_commands[i]->name, group, len) == 0 && rg_commands[i]->name[len] == ' ') {
            (void)printf("  reigen %-20s %s\n", rg_commands[i]->name, rg_commands[i]->summary);
        }
    }
}

void rg_help_command(const struct rg_cli_command *c)
{
    const bool own = c->options != NULL && c->options[0].name != NULL;
    (void)printf("usage: reigen %s%s%s%s\n\n%s\n", c->name, c->args[0] != '\0' ? " " : "", c->args,
                 own ? " [options]" : "", c->detail);
    if (own) {
        (void)printf("\noptions:\n");
        print_options(c->options);
    }
    (void)printf("\nglobal options:\n");
    print_options(rg_commands_global);
    (void)printf("\nexamples:\n  %s\n  %s\n", c->examples[0], c->examples[1]);
}

/* Text for troff: hyphens and leading dots must not be read as anything else. */
static void troff(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '-') {
            (void)fputs("\\-", stdout);
        } else if (*c == '\\') {
            (void)fputs("\\e", stdout);
        } else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n')) {
            (void)fputs("\\&", stdout);
            (void)fputc(*c, stdout);
        } else {
            (void)fputc(*c, stdout);
        }
    }
}

static void man_options(const struct rg_cli_option *o)
{
    for (size_t i = 0; o != NULL && o[i].name != NULL; i++) {
        (void)printf(".TP\n\\fB\\-\\-");
        troff(o[i].name);
        (void)printf("\\fR");
        if (o[i].arg != NULL) {
            (void)printf(" \\fI");
            troff(o[i].arg);
            (void)printf("\\fR");
        }
        (void)printf("\n");
        troff(o[i].help);
        (void)printf("\n");
    }
}

static void man_command(const struct rg_cli_command *c)
{
    (void)printf(".SS reigen ");
    troff(c->name);
    (void)printf(" ");
    troff(c->args);
    (void)printf("\n");
    troff(c->detail);
    (void)printf("\n");
    man_options(c->options);
    (void)printf(".PP\nExamples:\n.PP\n.nf\n");
    troff(c->examples[0]);
    (void)printf("\n");
    troff(c->examples[1]);
    (void)printf("\n.fi\n");
}

void rg_help_man(void)
{
    (void)printf(".\\\" Made by `reigen help --man` from the table of commands.\n"
                 ".TH REIGEN 1 \"\" \"Reigen\" \"User Commands\"\n"
                 ".SH NAME\nreigen \\- command line of a Reigen node\n"
                 ".SH SYNOPSIS\n\\fBreigen\\fR [global options] \\fICOMMAND\\fR [options]\n"
                 ".SH DESCRIPTION\nReigen is a ledger that agencies run together, each with a "
                 "node of its own.\nThis program records steps of cases at one's own node, asks it "
                 "questions, and\nmakes test networks.\n.SH GLOBAL OPTIONS\n");
    man_options(rg_commands_global);
    (void)printf(".SH COMMANDS\n");
    for (size_t i = 0; rg_commands[i] != NULL; i++) {
        man_command(rg_commands[i]);
    }
    (void)printf(".SH EXIT STATUS\n");
    troff(EXIT_CODES);
    (void)printf(".\n.SH ENVIRONMENT\n.TP\n\\fBREIGEN_PROFILE\\fR\nthe profile, when "
                 "\\-\\-profile is not given\n.TP\n\\fBNO_COLOR\\fR\nno colours\n"
                 ".TP\n\\fBLC_ALL\\fR, \\fBLC_MESSAGES\\fR, \\fBLANG\\fR\nthe first one that is "
                 "set: texts of alerts, rules and steps are German when it begins with \\fIde\\fR, "
                 "else English\n"
                 ".SH FILES\n\\fI~/.config/reigen/profile.yaml\\fR, \\fI./reigen.yaml\\fR\n"
                 ".SH SEE ALSO\n\\fBreigend\\fR(8)\n");
}

/* The options of @c and the global ones, as words. */
static void words_of(const struct rg_cli_command *c)
{
    for (size_t i = 0; c->options != NULL && c->options[i].name != NULL; i++) {
        (void)printf("--%s ", c->options[i].name);
    }
    for (size_t i = 0; rg_commands_global[i].name != NULL; i++) {
        (void)printf("--%s ", rg_commands_global[i].name);
    }
}

static void complete_bash(void)
{
    (void)printf("# bash completion for reigen: source <(reigen completion bash)\n"
                 "_reigen() {\n"
                 "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} line\n"
                 "  case $prev in "
                 "--profile|--dir|--data|--rules|--process|--genesis|--out|--key|--against|--log) "
                 "COMPREPLY=($(compgen -f -- \"$cur\")); return;; esac\n"
                 "  line=\" ${COMP_WORDS[*]:1:COMP_CWORD-1} \"\n  case $line in\n");
    for (size_t i = 0; rg_commands[i] != NULL; i++) {
        (void)printf("  *' %s '*) if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '",
                     rg_commands[i]->name);
        words_of(rg_commands[i]);
        (void)printf("' -- \"$cur\")); else COMPREPLY=($(compgen -f -- \"$cur\")); fi;;\n");
    }
    (void)printf(
        "  *' cluster '*) COMPREPLY=($(compgen -W 'up status down kill start pause "
        "resume' -- \"$cur\"));;\n"
        "  *' genesis '*) COMPREPLY=($(compgen -W 'create show' -- \"$cur\"));;\n"
        "  *' propose '*) COMPREPLY=($(compgen -W 'authorities' -- \"$cur\"));;\n"
        "  *' process '*) COMPREPLY=($(compgen -W 'check shadow' -- \"$cur\"));;\n"
        "  *) COMPREPLY=($(compgen -W 'status submit import case alerts watch conformance export "
        "motions propose vote verify process keygen genesis cluster bench simulate completion "
        "--profile "
        "--json --quiet "
        "--help --version' -- \"$cur\"));;\n  esac\n}\ncomplete -F _reigen reigen\n");
}

bool rg_help_completion(const char *shell)
{
    if (strcmp(shell, "bash") == 0) {
        complete_bash();
        return true;
    }
    if (strcmp(shell, "zsh") == 0) {
        (void)printf("autoload -U +X bashcompinit && bashcompinit\n");
        complete_bash();
        return true;
    }
    if (strcmp(shell, "fish") != 0) {
        return false;
    }
    for (size_t i = 0; rg_commands[i] != NULL; i++) {
        const struct rg_cli_command *c = rg_commands[i];
        (void)printf("complete -c reigen -n __fish_use_subcommand -a '%s' -d '%s'\n", c->name,
                     c->summary);
        for (size_t j = 0; c->options != NULL && c->options[j].name != NULL; j++) {
            (void)printf("complete -c reigen -n '__fish_seen_subcommand_from %s' -l %s%s\n",
                         c->name, c->options[j].name, c->options[j].arg != NULL ? " -r" : "");
        }
    }
    return true;
}
