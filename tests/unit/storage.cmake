foreach(name storage_chain storage_disk storage_faults storage_journal storage_kv)
  rg_test(unit ${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.c MODULES storage SYSTEM cmocka)
endforeach()
