#pragma once

#include <span>
#include <string_view>

namespace turngate::usage {

// One file of migrations/<database>/, embedded at build time (embed_migrations.cmake). Immutable
// once released.
struct Migration
{
    int number;
    std::string_view name; // 0001_usage.sql
    std::string_view sql;
};

std::span<const Migration> sqlite_migrations(); // by number

} // namespace turngate::usage
