# Fails unless CHARTS, the files of the chart libraries, are those of LIST: a report has the same bytes wherever hestia
# is built. LIST is as sha256sum writes it.
file(READ ${LIST} list)
foreach(chart ${CHARTS})
  get_filename_component(name ${chart} NAME)
  if(NOT EXISTS ${chart})
    message(FATAL_ERROR "${chart} is not there; publish/report/README.md says what belongs there")
  endif()
  file(SHA256 ${chart} digest)
  string(FIND "${list}" "${digest}  ${name}\n" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${chart} is not the version that publish/report/package.json names")
  endif()
endforeach()
