# cmake -D DATABASE=sqlite -D DIR=<migrations/sqlite> -D OUT=<file.cpp> -P embed_migrations.cmake
# Every NNNN_name.sql of DIR becomes a raw string literal of OUT.
file(GLOB files ${DIR}/[0-9]*.sql)
list(SORT files)
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
file(WRITE ${OUT} "// Made from migrations/${DATABASE} by embed_migrations.cmake.
#include \"migration.hpp\"

namespace turngate::usage {
namespace {

constexpr Migration kMigrations[] = {
${rows}};

} // namespace

std::span<const Migration> ${DATABASE}_migrations() { return kMigrations; }

} // namespace turngate::usage
")
