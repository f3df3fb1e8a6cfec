#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace turngate::config {

// ${VAR}, ${VAR:-default} and $${ (a literal ${). The braces mean something else to YAML inside
// {…}, so they are marked in the raw text before it is parsed, and expanded in single values after
// it: what a variable holds can never become structure.
std::string mark_variables(std::string_view yaml);

// A marked text as it was written: for keys and messages.
std::string unmark(std::string_view marked);

struct Expanded
{
    std::string text;
    std::vector<std::string> complaints;
};

Expanded expand(std::string_view marked);

} // namespace turngate::config
