foreach(part acknowledge amend casebook flow submit versions)
  rg_test(unit agency_${part} SOURCES agency_${part}.c agency_kit.c agency_world.c
    MODULES agency vault rules storage proto ledger crypto base SYSTEM PkgConfig::cmocka)
endforeach()
rg_test(unit agency_listing SOURCES agency_listing.c agency_kit.c agency_world.c
  MODULES agency monitor vault rules storage proto ledger crypto base SYSTEM PkgConfig::cmocka)
rg_test(unit agency_thread SOURCES agency_thread.c agency_kit.c agency_world.c
  MODULES agency vault bus link rules storage proto ledger crypto base
  SYSTEM PkgConfig::cmocka PkgConfig::czmq
  ARGS $<TARGET_FILE:reigen-rules>)
add_dependencies(unit_agency_thread reigen-rules)
rg_test(unit agency_recent SOURCES agency_recent.c MODULES vault base SYSTEM PkgConfig::cmocka)
rg_test(unit agency_health SOURCES agency_health.c MODULES agency link ledger base SYSTEM PkgConfig::cmocka)
