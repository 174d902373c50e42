# Every outside library, by one name each, whatever Debian release it comes from. This is the only file of the build that
# knows one release from another. A missing library is an error that names the package to install.

function(ballast_missing what package)
  message(FATAL_ERROR "${what} was not found. On Debian: apt-get install ${package}")
endfunction()

find_package(Threads REQUIRED)

find_package(PkgConfig QUIET)
if(NOT PKG_CONFIG_FOUND)
  ballast_missing("pkg-config" pkgconf)
endif()

# Headers only, which stay inside the sources: an installed library has no more need of them.
find_path(BALLAST_BOOST_INCLUDE boost/beast/http.hpp)  # and Boost.Math, Asio
find_path(BALLAST_RANDOM123_INCLUDE Random123/philox.h)
find_path(BALLAST_STB_INCLUDE stb/stb_image.h)
find_path(BALLAST_CLI11_INCLUDE CLI/CLI.hpp)
find_path(BALLAST_JSON_INCLUDE nlohmann/json.hpp)
foreach(library IN ITEMS "BOOST:Boost:libboost-dev" "RANDOM123:Random123:librandom123-dev" "STB:stb:libstb-dev"
                        "CLI11:CLI11:libcli11-dev" "JSON:nlohmann/json:nlohmann-json3-dev")
  string(REPLACE ":" ";" parts ${library})
  list(GET parts 0 key)
  list(GET parts 1 name)
  list(GET parts 2 package)
  string(TOLOWER ${key} lower)
  add_library(ballast_${lower}_headers INTERFACE IMPORTED)
  if(BALLAST_INSTALLED)
    continue()
  endif()
  if(NOT BALLAST_${key}_INCLUDE)
    ballast_missing(${name} ${package})
  endif()
  target_include_directories(ballast_${lower}_headers SYSTEM INTERFACE ${BALLAST_${key}_INCLUDE})
endforeach()

# pkg-config: target PkgConfig::<KEY>.
function(ballast_pkg key module package)
  pkg_check_modules(${key} QUIET IMPORTED_TARGET GLOBAL ${module})
  if(NOT ${key}_FOUND)
    ballast_missing(${module} ${package})
  endif()
endfunction()
ballast_pkg(ARCHIVE libarchive libarchive-dev)
ballast_pkg(CRYPTO libcrypto libssl-dev)
ballast_pkg(SSL libssl libssl-dev)
ballast_pkg(FMT fmt libfmt-dev)
ballast_pkg(ZLIB zlib zlib1g-dev)
ballast_pkg(PROTOBUF protobuf libprotobuf-dev)

# ONNX's protobuf classes. The packages' own CMake targets differ in name between releases and their header wants these
# definitions, so the library is taken by file.
find_path(BALLAST_ONNX_INCLUDE onnx/onnx_pb.h)
find_library(BALLAST_ONNX_PROTO onnx_proto)
if(NOT BALLAST_ONNX_INCLUDE OR NOT BALLAST_ONNX_PROTO)
  ballast_missing(ONNX libonnx-dev)
endif()
add_library(ballast_onnx INTERFACE IMPORTED)
target_include_directories(ballast_onnx SYSTEM INTERFACE ${BALLAST_ONNX_INCLUDE})
target_compile_definitions(ballast_onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx ONNX_API=)
target_link_libraries(ballast_onnx INTERFACE ${BALLAST_ONNX_PROTO} PkgConfig::PROTOBUF)

# oneDNN: by file too; its CMake configuration on Debian 12 asks for OpenCL, which nothing here uses.
find_path(BALLAST_DNNL_INCLUDE oneapi/dnnl/dnnl.hpp)
find_library(BALLAST_DNNL dnnl)
if(NOT BALLAST_DNNL_INCLUDE OR NOT BALLAST_DNNL)
  ballast_missing(oneDNN libdnnl-dev)
endif()
find_package(OpenMP QUIET COMPONENTS CXX)
if(NOT OpenMP_CXX_FOUND)
  ballast_missing(OpenMP libgomp1)
endif()
add_library(ballast_dnnl INTERFACE IMPORTED)
target_include_directories(ballast_dnnl SYSTEM INTERFACE ${BALLAST_DNNL_INCLUDE})
target_link_libraries(ballast_dnnl INTERFACE ${BALLAST_DNNL} OpenMP::OpenMP_CXX)

if(BALLAST_TORCH)
  # Torch's own configuration drags in flags for every language it knows; the libraries and headers are all we need. A
  # newer LibTorch than Debian's is found by CMAKE_PREFIX_PATH.
  find_path(BALLAST_TORCH_INCLUDE ATen/ATen.h)
  find_library(BALLAST_TORCH_CPU torch_cpu)
  find_library(BALLAST_TORCH_C10 c10)
  find_library(BALLAST_TORCH_CUDA torch_cuda)
  mark_as_advanced(BALLAST_TORCH_INCLUDE BALLAST_TORCH_CPU BALLAST_TORCH_C10 BALLAST_TORCH_CUDA)
  if(NOT BALLAST_TORCH_INCLUDE OR NOT BALLAST_TORCH_CPU OR NOT BALLAST_TORCH_C10)
    ballast_missing(LibTorch "libtorch-dev, or set CMAKE_PREFIX_PATH, or configure with -DBALLAST_TORCH=OFF")
  endif()
  add_library(ballast_torch INTERFACE IMPORTED)
  target_include_directories(ballast_torch SYSTEM INTERFACE ${BALLAST_TORCH_INCLUDE} ${BALLAST_TORCH_INCLUDE}/torch/csrc/api/include)
  target_compile_definitions(ballast_torch INTERFACE AT_PER_OPERATOR_HEADERS)  # only the operators that a file names, not all
  target_link_libraries(ballast_torch INTERFACE ${BALLAST_TORCH_CPU} ${BALLAST_TORCH_C10})
  if(BALLAST_TORCH_CUDA)
    # Registered by being loaded, so the linker must not drop it.
    target_link_libraries(ballast_torch INTERFACE "-Wl,--no-as-needed,${BALLAST_TORCH_CUDA},--as-needed")
  endif()
endif()

if(BALLAST_TESTS OR BALLAST_BENCHMARKS)
  ballast_pkg(HTTPLIB cpp-httplib libcpp-httplib-dev)  # the other side of a conversation
endif()
if(BALLAST_TESTS)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    ballast_missing(GoogleTest libgtest-dev)
  endif()
endif()
if(BALLAST_BENCHMARKS)
  find_package(benchmark QUIET)
  if(NOT benchmark_FOUND)
    ballast_missing("Google Benchmark" libbenchmark-dev)
  endif()
endif()

if(BALLAST_MPI)
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI QUIET COMPONENTS CXX)
  if(NOT MPI_CXX_FOUND)
    ballast_missing("MPI" libopenmpi-dev)
  endif()
endif()

# Built for the Python of Python_EXECUTABLE where that is set, else for the newest one found.
if(BALLAST_PYTHON)
  find_package(Python QUIET COMPONENTS Interpreter Development.Module)
  if(NOT Python_FOUND)
    ballast_missing("Python, with its headers," python3-dev)
  endif()
  set(PYBIND11_FINDPYTHON ON)
  find_package(pybind11 2.10 QUIET CONFIG)
  if(NOT pybind11_FOUND)
    ballast_missing(pybind11 pybind11-dev)
  endif()
endif()
