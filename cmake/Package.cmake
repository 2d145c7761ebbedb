# The Debian package: `cmake --build build/release --target package` writes strongroom_VERSION_ARCH.deb there. What it has and
# does: docs/debian.md.
set(shown ${CMAKE_BINARY_DIR}/share)
set(packaging ${CMAKE_SOURCE_DIR}/packaging/debian)

if(CMAKE_INSTALL_PREFIX STREQUAL "/usr/local") # the default, perhaps of a build folder that is older than this
  set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "" FORCE)
endif()

# LLVM's own cannot strip static programs that mold has linked.
find_program(STRONGROOM_STRIP strip)
if(STRONGROOM_STRIP)
  set(CMAKE_STRIP ${STRONGROOM_STRIP} CACHE FILEPATH "" FORCE)
endif()

# The programs look for each other where they are.
install(TARGETS strongroom strongroom_gateway strongroom_init strongroom_supervisor strongroom_issuer strongroom_sealer strongroom_demo_provider
        DESTINATION lib/strongroom)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/catalog/ DESTINATION share/strongroom/catalog FILES_MATCHING PATTERN "*.toml")
install(FILES ${shown}/strongroom.bash DESTINATION share/bash-completion/completions RENAME strongroom)
install(FILES ${shown}/_strongroom DESTINATION share/zsh/vendor-completions)
install(FILES ${shown}/strongroom.fish DESTINATION share/fish/vendor_completions.d)
install(FILES ${packaging}/copyright ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/strongroom)
install(FILES ${packaging}/lintian-overrides DESTINATION share/lintian/overrides RENAME strongroom)
install(FILES ${packaging}/strongroom.service DESTINATION /lib/systemd/system)
install(FILES ${packaging}/strongroom.toml DESTINATION /etc/strongroom)

# What Debian wants compressed, without a time in it, and the name in PATH.
set(made ${CMAKE_BINARY_DIR}/debian)
file(MAKE_DIRECTORY ${made})
file(CREATE_LINK ../lib/strongroom/strongroom ${made}/strongroom SYMBOLIC)
add_custom_command(
  OUTPUT ${made}/strongroom.1.gz ${made}/changelog.gz
  COMMAND gzip -9nc ${shown}/strongroom.1 > ${made}/strongroom.1.gz
  COMMAND gzip -9nc ${packaging}/changelog > ${made}/changelog.gz
  DEPENDS ${shown}/strongroom.1 ${packaging}/changelog VERBATIM)
if(NOT STRONGROOM_SANITIZE)
  add_custom_target(strongroom_package_files ALL DEPENDS ${made}/strongroom.1.gz ${made}/changelog.gz)
  add_dependencies(strongroom_package_files strongroom_manual)
endif()
install(FILES ${made}/strongroom DESTINATION bin)
install(FILES ${made}/strongroom.1.gz DESTINATION share/man/man1)
install(FILES ${made}/changelog.gz DESTINATION share/doc/strongroom)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME strongroom)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Strongroom's maintainers <maintainers@strongroom.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "place where the keys of AI agents live")
set(CPACK_PACKAGE_DESCRIPTION
    "Keys go in once, are encrypted, and are never shown again. Agents call
their providers through a gateway that adds the key; one command switches a
key off everywhere at once, and answers with a signed receipt of what that
achieved.")
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, libtss2-esys-3.0.2-0, libtss2-tctildr0, libtss2-tcti-device0")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "runc, umoci")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${packaging}/postinst ${packaging}/prerm ${packaging}/postrm ${packaging}/conffiles)
include(CPack)
