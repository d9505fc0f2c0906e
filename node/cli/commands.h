/* Every command's entry in the table; each lives in the file that runs it. */
#ifndef RG_CLI_COMMANDS_H
#define RG_CLI_COMMANDS_H

#include "node/cli/cli.h"

extern const struct rg_cli_command rg_cmd_ack;
extern const struct rg_cli_command rg_cmd_alerts;
extern const struct rg_cli_command rg_cmd_bench;
extern const struct rg_cli_command rg_cmd_cancel;
extern const struct rg_cli_command rg_cmd_case;
extern const struct rg_cli_command rg_cmd_cluster_up;
extern const struct rg_cli_command rg_cmd_cluster_status;
extern const struct rg_cli_command rg_cmd_cluster_down;
extern const struct rg_cli_command rg_cmd_cluster_kill;
extern const struct rg_cli_command rg_cmd_cluster_start;
extern const struct rg_cli_command rg_cmd_cluster_pause;
extern const struct rg_cli_command rg_cmd_cluster_resume;
extern const struct rg_cli_command rg_cmd_cluster_isolate;
extern const struct rg_cli_command rg_cmd_cluster_heal;
extern const struct rg_cli_command rg_cmd_conformance;
extern const struct rg_cli_command rg_cmd_correct;
extern const struct rg_cli_command rg_cmd_export;
extern const struct rg_cli_command rg_cmd_genesis_create;
extern const struct rg_cli_command rg_cmd_genesis_show;
extern const struct rg_cli_command rg_cmd_import;
extern const struct rg_cli_command rg_cmd_keygen;
extern const struct rg_cli_command rg_cmd_motions;
extern const struct rg_cli_command rg_cmd_process_check;
extern const struct rg_cli_command rg_cmd_process_shadow;
extern const struct rg_cli_command rg_cmd_propose;
extern const struct rg_cli_command rg_cmd_simulate;
extern const struct rg_cli_command rg_cmd_status;
extern const struct rg_cli_command rg_cmd_submit;
extern const struct rg_cli_command rg_cmd_verify;
extern const struct rg_cli_command rg_cmd_vote;
extern const struct rg_cli_command rg_cmd_watch;

#endif /* RG_CLI_COMMANDS_H */
