# What `cmake --install` puts where; the library and its headers: client/CMakeLists.txt.
install(TARGETS reigen reigend reigen-rules RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/man/reigen.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/reigend.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES rules/reigen_rules.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/reigen/rules)
install(FILES rules/example/handover.lua rules/example/weekend.c LICENSE README.md docs/alerts.md docs/rules-modules.md docs/event-logs.md docs/events.asyncapi.json client/example/alerts.c
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY deploy/processes DESTINATION ${CMAKE_INSTALL_DATADIR}/reigen FILES_MATCHING PATTERN "*.yaml")
