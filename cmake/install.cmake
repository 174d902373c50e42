# cmake --install, find_package(ballast) and the Debian package (cpack).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(parts GLOBAL PROPERTY BALLAST_PARTS)
foreach(part IN LISTS parts)
  set_target_properties(ballast_${part} PROPERTIES EXPORT_NAME ${part})
  install(TARGETS ballast_${part} EXPORT ballastTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ballast)
install(EXPORT ballastTargets NAMESPACE ballast:: DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ballastConfig.cmake.in ballastConfig.cmake INSTALL_DESTINATION ${package_folder}
                              NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(ballastConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ballastConfig.cmake ${PROJECT_BINARY_DIR}/ballastConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake DESTINATION ${package_folder})

# The program, its manual page and completions, which it prints itself.
install(TARGETS ballast RUNTIME)
foreach(page IN ITEMS "man:ballast.1" "bash:ballast.bash" "zsh:_ballast" "fish:ballast.fish")
  string(REPLACE ":" ";" page ${page})
  list(GET page 0 kind)
  list(GET page 1 file)
  add_custom_command(OUTPUT ${file} COMMAND ballast document ${kind} > ${file} DEPENDS ballast VERBATIM)
  list(APPEND pages ${PROJECT_BINARY_DIR}/${file})
endforeach()
add_custom_target(ballast_pages ALL DEPENDS ${pages})
install(FILES ${PROJECT_BINARY_DIR}/ballast.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_BINARY_DIR}/ballast.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ballast)
install(FILES ${PROJECT_BINARY_DIR}/_ballast DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${PROJECT_BINARY_DIR}/ballast.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/models DESTINATION ${CMAKE_INSTALL_DATADIR}/ballast)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

install(FILES ${PROJECT_BINARY_DIR}/ballast.spdx.json DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)  # tools/sbom.py

# One package: the program and the library. The full build's has another name, since it needs LibTorch.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ballast)
if(BALLAST_TORCH)
  set(CPACK_PACKAGE_NAME ballast-full)
  set(CPACK_DEBIAN_PACKAGE_CONFLICTS ballast)
  set(CPACK_DEBIAN_PACKAGE_PROVIDES ballast)
endif()
set(CPACK_PACKAGE_VENDOR "The Ballast authors")
set(CPACK_PACKAGE_CONTACT "The Ballast authors <ballast@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "certified robustness of image classifiers by randomized smoothing")
set(CPACK_PACKAGE_DESCRIPTION "Proves how far an image may be perturbed before a classifier's answer can change: certificates,
their logs, tables and figures, and the library behind them.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "dataset-fashion-mnist, gnuplot-nox")
if(BALLAST_PYTHON)
  string(APPEND CPACK_DEBIAN_PACKAGE_RECOMMENDS ", python3-numpy")
endif()
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libfmt-dev, libdnnl-dev, libonnx-dev, libprotobuf-dev, libarchive-dev, libssl-dev, zlib1g-dev, libwebp-dev, libtiff-dev")
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package_times.cmake)
include(CPack)
