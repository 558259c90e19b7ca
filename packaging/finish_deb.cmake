# Run by CPack when the files of the Debian package lie ready: what Debian wants beside them.
set(root ${CPACK_TEMPORARY_DIRECTORY}/usr)
set(doc ${root}/share/doc/hestia)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION ${doc})
file(REMOVE ${doc}/LICENSE) # /usr/share/common-licenses has it
file(RENAME ${root}/share/zsh/site-functions ${root}/share/zsh/vendor-completions)

# The time of the commit, so that the same commit gives the same bytes; scripts/package sets it.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # of SOURCE_DATE_EPOCH when it is set
file(WRITE ${doc}/changelog.Debian
     "hestia (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) stable; urgency=medium\n\n"
     "  * What has changed: changelog.gz in this folder.\n\n" " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
execute_process(COMMAND gzip -9n ${doc}/changelog.Debian ${doc}/changelog ${root}/share/man/man1/hestia.1
                        ${root}/share/man/man5/hestia-study.5 COMMAND_ERROR_IS_FATAL ANY)
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find ${root} -exec touch --no-dereference --date=@$ENV{SOURCE_DATE_EPOCH} {} + COMMAND_ERROR_IS_FATAL ANY)
endif()
execute_process(COMMAND chmod -R u=rwX,go=rX ${root} COMMAND_ERROR_IS_FATAL ANY)
