set(bus_test_dir ${CMAKE_CURRENT_LIST_DIR})
foreach(name bus_link bus_log bus_peers bus_socket bus_zap)
  rg_test(unit ${name} SOURCES ${bus_test_dir}/${name}.c MODULES bus link log
    SYSTEM PkgConfig::cmocka PkgConfig::czmq)
endforeach()
foreach(name bus_archive bus_config)
  rg_test(unit ${name} SOURCES ${bus_test_dir}/${name}.c MODULES daemon bus link log
    SYSTEM PkgConfig::cmocka PkgConfig::czmq)
endforeach()
