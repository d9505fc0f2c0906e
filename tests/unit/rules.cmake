set(rules_tests ${CMAKE_CURRENT_LIST_DIR})
rg_test(unit rules_conformance
  SOURCES ${rules_tests}/rules_conformance.c ${rules_tests}/rules_log.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka PkgConfig::jansson PkgConfig::zlib)
# The example module as somebody else would build it.
set(rules_example ${PROJECT_SOURCE_DIR}/rules/example)
add_library(rules_example_weekend MODULE ${rules_example}/weekend.c)
target_link_libraries(rules_example_weekend PRIVATE rg_options)
set(rules_process_args $<TARGET_FILE:reigen-rules> $<TARGET_FILE:rules_example_weekend> ${rules_example}/handover.lua)
if(NOT RG_SANITIZE)
  list(APPEND rules_process_args $<TARGET_FILE:hostile_files>)
endif()
rg_test(unit rules_process
  SOURCES ${rules_tests}/rules_process.c ${rules_tests}/rules_log.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka PkgConfig::zlib
  ARGS ${rules_process_args})
add_dependencies(unit_rules_process reigen-rules hostile_files rules_example_weekend)
rg_test(unit rules_lua
  SOURCES ${rules_tests}/rules_lua.c ${rules_tests}/rules_bench.c
  MODULES lua rules base
  SYSTEM PkgConfig::cmocka
  ARGS ${rules_example}/handover.lua)
rg_test(unit rules_soll
  SOURCES ${rules_tests}/rules_soll.c ${rules_tests}/rules_bench.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka)
rg_test(unit rules_more
  SOURCES ${rules_tests}/rules_more.c ${rules_tests}/rules_bench.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka)
rg_test(unit rules_definition
  SOURCES ${rules_tests}/rules_definition.c ${rules_tests}/rules_log.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka PkgConfig::zlib)
rg_test(unit rules_hostile SOURCES ${rules_tests}/rules_hostile.c MODULES rules base SYSTEM PkgConfig::cmocka)
rg_test(unit rules_property
  SOURCES ${rules_tests}/rules_property.c ${rules_tests}/rules_naive.c ${rules_tests}/rules_bench.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka)
rg_test(unit rules_calendar
  SOURCES ${rules_tests}/rules_calendar.c ${rules_tests}/rules_bench.c ${rules_tests}/rules_log.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka PkgConfig::zlib)
rg_test(unit rules_lint
  SOURCES ${rules_tests}/rules_lint.c ${rules_tests}/rules_log.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka PkgConfig::zlib)
rg_test(unit rules_anker
  SOURCES ${rules_tests}/rules_anker.c ${rules_tests}/rules_bench.c ${rules_tests}/rules_log.c
  MODULES rules base
  SYSTEM PkgConfig::cmocka PkgConfig::zlib)
# Against a second program in another language. Longer: rules_random.py REIGEN ROUNDS FIRST-SEED
add_test(NAME unit.rules_random COMMAND python3 -B ${rules_tests}/rules_random.py $<TARGET_FILE:reigen>)
set_tests_properties(unit.rules_random PROPERTIES LABELS unit)
