# Warnings that GCC 12 to 14 raise about correct code inlined from the standard library and Boost.
set(BALLAST_WRONG_ALARMS -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized)

# Files of one part that are compiled as one see each other's names.
set(BALLAST_UNITY_ALARMS $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-shadow> $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-subobject-linkage>)

# Code that waits for people, files or the network: to run, -O1 is as good as -O3, and it is compiled in half the time.
set(BALLAST_UNHURRIED $<$<CONFIG:Release>:-O1>)
set(BALLAST_UNHURRIED_PARTS procedure remote report serve)

# Under the sanitizers what neither computes much nor keeps time is compiled without optimisation, in half the time again.
set(BALLAST_UNOPTIMISED $<$<CONFIG:RelWithDebInfo>:-O0>)
set(BALLAST_UNOPTIMISED_PARTS procedure report graph log protocol)
set(BALLAST_OPTIMISED_TESTS stats noise smooth model selftest remote serve run)

# What every part is compiled with.
function(ballast_compiled_strictly target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=switch -Wno-missing-field-initializers ${BALLAST_WRONG_ALARMS}
                                           -ffp-contract=off ${BALLAST_UNITY_ALARMS} $<$<BOOL:${BALLAST_WERROR}>:-Werror>)
endfunction()

# ballast_part(NAME [USES part...] [LINKS library...] [SOURCES file...])
#
# One part of the house: the library ballast::NAME from src/NAME/*.cpp (or SOURCES), whose public headers are
# include/ballast/NAME/*.hpp. It may include only the parts named after USES; the outside libraries after LINKS stay
# hidden in its sources.
function(ballast_part name)
  cmake_parse_arguments(PART "" "" "USES;LINKS;SOURCES" ${ARGN})
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/ballast/${name}/*.hpp)
  if(NOT PART_SOURCES)
    file(GLOB PART_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  endif()
  add_library(ballast_${name} STATIC ${PART_SOURCES})
  add_library(ballast::${name} ALIAS ballast_${name})
  set_property(GLOBAL APPEND PROPERTY BALLAST_PARTS ${name})
  target_sources(ballast_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  ballast_compiled_strictly(ballast_${name})
  if(name IN_LIST BALLAST_UNHURRIED_PARTS)
    target_compile_options(ballast_${name} PRIVATE ${BALLAST_UNHURRIED})
  endif()
  if(name IN_LIST BALLAST_UNOPTIMISED_PARTS)
    target_compile_options(ballast_${name} PRIVATE ${BALLAST_UNOPTIMISED})
  endif()
  if(name IN_LIST BALLAST_PARTS_APART)
    set_target_properties(ballast_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  set_target_properties(ballast_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON POSITION_INDEPENDENT_CODE ON)
  foreach(part IN LISTS PART_USES)
    target_link_libraries(ballast_${name} PUBLIC ballast::${part})
  endforeach()
  target_link_libraries(ballast_${name} PRIVATE Threads::Threads PkgConfig::FMT ${PART_LINKS})
endfunction()

# ballast_test(NAME [USES part...] [LINKS library...]): the program NAME_test from tests/NAME/*.cpp, linked with the part of
# that name alone, or with the parts after USES.
function(ballast_test name)
  cmake_parse_arguments(TEST "" "" "LINKS;USES;INCLUDES" ${ARGN})
  if(NOT TEST_USES)
    set(TEST_USES ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*.cpp)
  add_executable(${name}_test ${sources})
  target_compile_options(${name}_test PRIVATE $<$<CONFIG:Release>:-O1>)  # compiled once for each run of theirs; what they test is -O3
  if(NOT name IN_LIST BALLAST_OPTIMISED_TESTS)
    target_compile_options(${name}_test PRIVATE ${BALLAST_UNOPTIMISED})
  endif()
  target_link_libraries(${name}_test PRIVATE GTest::gtest GTest::gtest_main PkgConfig::FMT ${TEST_LINKS})
  foreach(part IN LISTS TEST_USES)
    target_link_libraries(${name}_test PRIVATE ballast::${part})
  endforeach()
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests ${TEST_INCLUDES})
  target_compile_options(${name}_test PRIVATE -Wall -Wextra -Wshadow -Werror=switch -Wno-dangling-else -Wno-missing-field-initializers ${BALLAST_WRONG_ALARMS} -ffp-contract=off ${BALLAST_UNITY_ALARMS} $<$<BOOL:${BALLAST_WERROR}>:-Werror>)
  target_compile_definitions(${name}_test PRIVATE BALLAST_SHARED="${PROJECT_SOURCE_DIR}/../shared")
  add_test(NAME ${name} COMMAND ${name}_test)
endfunction()
