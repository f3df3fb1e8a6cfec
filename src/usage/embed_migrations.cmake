# cmake -D DATABASE=sqlite -D DIR=<migrations/sqlite> -D OUT=<file.cpp> -P embed_migrations.cmake
# Every NNNN_name.sql of DIR becomes a raw string literal of OUT, every line of DIR/compatible a row.
file(GLOB files ${DIR}/[0-9]*.sql)
list(SORT files)
list(LENGTH files file_count)
set(rows "")
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+\\.sql$")
        message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
    endif()
    math(EXPR number "1${CMAKE_MATCH_1} - 10000") # a leading 0 would make it octal
    file(READ ${file} sql)
    string(APPEND rows "    {${number}, \"${name}\", R\"~sql~(${sql})~sql~\"},\n")
endforeach()

file(STRINGS ${DIR}/compatible lines REGEX "^[^#]")
list(LENGTH lines pair_count)
set(pairs "")
foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([0-9][a-z0-9_]+\\.sql) ([0-9a-f]+) ([0-9a-f]+)$")
        message(FATAL_ERROR "${DIR}/compatible: want `NNNN_name.sql <applied> <now>`, not: ${line}")
    endif()
    string(APPEND pairs "    {\"${CMAKE_MATCH_1}\", \"${CMAKE_MATCH_2}\", \"${CMAKE_MATCH_3}\"},\n")
endforeach()

file(WRITE ${OUT} "// Made from migrations/${DATABASE} by embed_migrations.cmake.
#include \"migration.hpp\"

#include <array>

namespace turngate::usage {
namespace {

constexpr std::array<Migration, ${file_count}> kFiles{{
${rows}}};

constexpr std::array<Compatible, ${pair_count}> kCompatible{{
${pairs}}};

} // namespace

Migrations ${DATABASE}_migrations() { return {kFiles, kCompatible}; }

} // namespace turngate::usage
")
