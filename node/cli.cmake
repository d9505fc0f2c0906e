# The command line `reigen`.
set(rg_process ${PROJECT_SOURCE_DIR}/deploy/processes/anker-dresden.yaml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${rg_process})
file(READ ${rg_process} rg_process_hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " rg_process_bytes "${rg_process_hex}")
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/embedded.c @ONLY CONTENT
"#include \"node/cli/embedded.h\"
const unsigned char rg_embedded_process[] = {@rg_process_bytes@};
const size_t rg_embedded_process_len = sizeof rg_embedded_process;
")

# What the unit tests use too.
rg_module(cli
  SOURCES
    cli/caseset.c cli/cluster_dir.c cli/cluster_proc.c cli/csv.c cli/eventlog.c
    cli/export.c cli/export_csv.c cli/export_ocel.c cli/export_xes.c cli/exportfile.c
    cli/file.c cli/logfile.c cli/profile.c cli/say.c cli/shadow.c cli/shadow_judge.c
    cli/shadow_keep.c cli/story.c cli/suggest.c cli/unpack.c
    cli/xes.c
  DEPS client rules storage proto ledger crypto base
  SYSTEM PkgConfig::zlib PkgConfig::expat)
rg_posix(rg_cli)

rg_program(reigen
  SOURCES
    cli/alert_line.c cli/bench.c cli/cluster_cut.c cli/cluster_make.c cli/cluster_wait.c
    cli/cmd_ack.c cli/cmd_alerts.c cli/cmd_amend.c cli/cmd_ballot.c cli/cmd_bench.c cli/cmd_case.c cli/cmd_cluster.c cli/cmd_cluster_cut.c cli/cmd_cluster_status.c
    cli/cmd_cluster_up.c cli/cmd_conformance.c cli/cmd_export.c cli/cmd_genesis.c cli/cmd_import.c
    cli/cmd_keygen.c cli/cmd_motions.c cli/cmd_process.c cli/cmd_publish.c cli/cmd_shadow.c cli/cmd_simulate.c cli/cmd_status.c cli/cmd_submit.c cli/cmd_verify.c
    cli/cmd_watch.c cli/commands.c cli/definition_file.c cli/genesis_read.c cli/help.c cli/history.c cli/import_scan.c cli/one_event.c
    cli/import_send.c cli/main_cli.c cli/motions.c cli/opts.c cli/shadow_print.c cli/simulate.c cli/status_json.c cli/words.c
    ${CMAKE_CURRENT_BINARY_DIR}/embedded.c
  DEPS cli audit core client rules proto ledger crypto base
  SYSTEM PkgConfig::jansson)
rg_posix(reigen)
target_compile_definitions(reigen PRIVATE RG_VERSION="${PROJECT_VERSION}")
