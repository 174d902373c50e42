# A release build is made so that a fault is hard to make use of: stacks are guarded, calls of the C library know the sizes of their
# buffers, tables of the loader are read-only, and memory that holds data is never code. tests/package/hardening_test.sh looks at the
# finished program. The hot path is oneDNN's and loops over arrays, which none of this slows.
add_compile_options($<$<CONFIG:Release>:-fstack-protector-strong>)
add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  add_compile_options($<$<CONFIG:Release>:-fstack-clash-protection> $<$<CONFIG:Release>:-fcf-protection>)
endif()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()
