# The packages of docs/architecture.md, each as a target.
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libarchive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(libfyaml REQUIRED IMPORTED_TARGET libfyaml)
pkg_check_modules(gsl REQUIRED IMPORTED_TARGET gsl)
pkg_check_modules(libsodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(libxxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(xlsxwriter REQUIRED IMPORTED_TARGET xlsxwriter)
pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)

# Packages that ship no configuration: header and library are looked for by name.
function(hestia_find_package_by_header target header library debian_package)
  find_path(${target}_INCLUDE_DIR ${header})
  find_library(${target}_LIBRARY ${library})
  if(NOT ${target}_INCLUDE_DIR OR NOT ${target}_LIBRARY)
    message(FATAL_ERROR "${header} or ${library} not found: apt-get install ${debian_package}")
  endif()
  add_library(hestia::${target} UNKNOWN IMPORTED)
  set_target_properties(
    hestia::${target} PROPERTIES IMPORTED_LOCATION "${${target}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES
                                                                          "${${target}_INCLUDE_DIR}")
endfunction()

hestia_find_package_by_header(libcsv csv.h csv libcsv-dev)
hestia_find_package_by_header(rmath Rmath.h Rmath r-mathlib)

# ISA-L is what makes inflating fast; without it zlib gives the same bytes.
option(HESTIA_ISAL "Inflate with ISA-L" ON)
if(HESTIA_ISAL)
  hestia_find_package_by_header(isal isa-l/igzip_lib.h isal libisal-dev)
endif()

# Several machines (docs/cluster.md): found where it is installed, never needed.
find_package(MPI QUIET COMPONENTS C)
option(HESTIA_MPI "Runs of several processes, by MPI" ${MPI_C_FOUND})
if(HESTIA_MPI AND NOT MPI_C_FOUND)
  message(FATAL_ERROR "MPI not found: apt-get install libopenmpi-dev openmpi-bin, or -DHESTIA_MPI=OFF")
endif()
