set(RG_SANITIZE "" CACHE STRING "Comma list for -fsanitize=, or empty.")
option(RG_WERROR "Warnings are errors." ON)
option(RG_FAILPOINTS "Named places at which tests kill the process; never in a product." OFF)
add_library(rg_options INTERFACE)

target_include_directories(rg_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(rg_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wswitch-enum
  -Wvla -Wundef -Wcast-qual -Wcast-align -Wwrite-strings -Wformat=2
  -Wdouble-promotion -Wimplicit-fallthrough -Wpointer-arith -Wredundant-decls
  -fno-common -fstack-protector-strong -fno-strict-aliasing $<$<BOOL:${RG_WERROR}>:-Werror>)
if(RG_FAILPOINTS)
  target_compile_definitions(rg_options INTERFACE RG_FAILPOINTS)
endif()
if(RG_SANITIZE)
  target_compile_options(rg_options INTERFACE -fsanitize=${RG_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(rg_options INTERFACE -fsanitize=${RG_SANITIZE})
else()
  target_link_options(rg_options INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT RG_SANITIZE)
  target_compile_options(rg_options INTERFACE -fstack-clash-protection -fcf-protection=full)
  target_compile_definitions(rg_options INTERFACE _FORTIFY_SOURCE=2)
endif()

# rg_module(name SOURCES a.c... [DEPS base...] [SYSTEM PkgConfig::x...])
function(rg_module name)
  cmake_parse_arguments(PARSE_ARGV 1 m "" "" "SOURCES;DEPS;SYSTEM")
  add_library(rg_${name} STATIC ${m_SOURCES})
  target_link_libraries(rg_${name} PRIVATE rg_options ${m_SYSTEM})
  foreach(d IN LISTS m_DEPS)
    target_link_libraries(rg_${name} PUBLIC rg_${d})
  endforeach()
endfunction()

# rg_posix(name...): these targets use POSIX and Linux calls beside C11.
function(rg_posix)
  foreach(t IN LISTS ARGN)
    target_compile_definitions(${t} PRIVATE _GNU_SOURCE)
  endforeach()
endfunction()

# rg_program(name SOURCES a.c... [DEPS node...] [SYSTEM PkgConfig::x...]) builds bin/name.
function(rg_program name)
  cmake_parse_arguments(PARSE_ARGV 1 m "" "" "SOURCES;DEPS;SYSTEM")
  add_executable(${name} ${m_SOURCES})
  target_link_libraries(${name} PRIVATE rg_options ${m_SYSTEM})
  foreach(d IN LISTS m_DEPS)
    target_link_libraries(${name} PRIVATE rg_${d})
  endforeach()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# rg_test(label name SOURCES file.c... MODULES consensus... [SYSTEM x] [ARGS a...] [TIMEOUT s])
function(rg_test label name)
  cmake_parse_arguments(PARSE_ARGV 2 t "" "TIMEOUT" "SOURCES;MODULES;SYSTEM;ARGS")
  if(NOT t_TIMEOUT)
    set(t_TIMEOUT 60)
  endif()
  if(RG_SANITIZE)
    math(EXPR t_TIMEOUT "4 * ${t_TIMEOUT}") # as REIGEN_TEST_SLOW of tests/run
  endif()
  add_executable(${label}_${name} ${t_SOURCES})
  target_compile_definitions(${label}_${name} PRIVATE _GNU_SOURCE)
  target_link_libraries(${label}_${name} PRIVATE rg_options ${t_SYSTEM})
  foreach(d IN LISTS t_MODULES)
    target_link_libraries(${label}_${name} PRIVATE rg_${d})
  endforeach()
  add_test(NAME ${label}.${name} COMMAND ${label}_${name} ${t_ARGS}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${t_TIMEOUT})
endfunction()

# rg_pure(name): no floating point registers, so float or double cannot sneak in.
function(rg_pure name)
  target_compile_options(rg_${name} PRIVATE -mgeneral-regs-only)
endfunction()
