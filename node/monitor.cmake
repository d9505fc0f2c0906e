# The functions of node/agency/feed.h come from whoever links this: the agency, or a test.
rg_module(monitor
  SOURCES
    monitor/alertdigest.c monitor/backlog.c monitor/alertlog.c monitor/alertlog_count.c monitor/alertlog_escalate.c
    monitor/alertlog_query.c monitor/alertlog_settle.c monitor/alertlog_stand.c
    monitor/alertlog_system.c monitor/alertstore.c monitor/blocktime.c monitor/breakdown.c monitor/casestate.c
    monitor/cloudevent.c monitor/compare.c monitor/conform.c monitor/conform_judge.c monitor/duties.c
    monitor/evaluate.c monitor/evaluate_apply.c monitor/evaluate_escalate.c monitor/evaluate_level.c
    monitor/evaluate_version.c monitor/evaluate_write.c monitor/events.c monitor/monitor.c
    monitor/monitor_blocks.c monitor/monitor_compare.c monitor/monitor_cursor.c
    monitor/monitor_version.c monitor/opbatch.c monitor/ruleshost.c monitor/rulesproc.c monitor/rulestext.c
    monitor/tally.c monitor/violations.c
  DEPS base crypto ledger proto storage rules bus
  SYSTEM PkgConfig::czmq PkgConfig::jansson)
rg_posix(rg_monitor)
