set(monitor_tests ${CMAKE_CURRENT_LIST_DIR})
set(monitor_lab ${monitor_tests}/monitor_lab.c ${monitor_tests}/monitor_lab_feed.c)
set(monitor_modules monitor bus rules storage crypto base)
rg_test(unit monitor_alerts
  SOURCES ${monitor_tests}/monitor_alerts.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_amend
  SOURCES ${monitor_tests}/monitor_amend.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_version
  SOURCES ${monitor_tests}/monitor_version.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules> $<TARGET_FILE:monitor_badhost>)
add_dependencies(unit_monitor_version reigen-rules monitor_badhost)
rg_test(unit monitor_compare
  SOURCES ${monitor_tests}/monitor_compare.c ${monitor_lab}
  MODULES ${monitor_modules} ledger proto
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_acknowledge
  SOURCES ${monitor_tests}/monitor_acknowledge.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_switch
  SOURCES ${monitor_tests}/monitor_switch.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
add_dependencies(unit_monitor_switch reigen-rules)
rg_test(unit monitor_log
  SOURCES ${monitor_tests}/monitor_log.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_backlog
  SOURCES ${monitor_tests}/monitor_backlog.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_conform
  SOURCES ${monitor_tests}/monitor_conform.c ${monitor_lab} ${monitor_tests}/rules_log.c
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq PkgConfig::zlib
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_breakdown
  SOURCES ${monitor_tests}/monitor_breakdown.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
rg_test(unit monitor_json
  SOURCES ${monitor_tests}/monitor_json.c
  MODULES monitor base
  SYSTEM PkgConfig::cmocka)
add_dependencies(unit_monitor_acknowledge reigen-rules)
add_dependencies(unit_monitor_alerts reigen-rules)
add_dependencies(unit_monitor_amend reigen-rules)
add_dependencies(unit_monitor_backlog reigen-rules)
add_dependencies(unit_monitor_breakdown reigen-rules)
add_dependencies(unit_monitor_compare reigen-rules)
add_dependencies(unit_monitor_log reigen-rules)
add_dependencies(unit_monitor_conform reigen-rules)
rg_test(unit monitor_events
  SOURCES ${monitor_tests}/monitor_events.c ${monitor_lab}
  MODULES ${monitor_modules} ledger
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
add_dependencies(unit_monitor_events reigen-rules)
# A rules host that misbehaves.
add_executable(monitor_badhost ${monitor_tests}/monitor_badhost.c)
target_link_libraries(monitor_badhost PRIVATE rg_options rg_rules rg_base)
rg_posix(monitor_badhost)
rg_test(unit monitor_ruleshost
  SOURCES ${monitor_tests}/monitor_ruleshost.c ${monitor_lab}
  MODULES ${monitor_modules}
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules> $<TARGET_FILE:monitor_badhost>)
add_dependencies(unit_monitor_ruleshost reigen-rules monitor_badhost)
