#pragma once

#include "comparison.hpp"
#include "load.hpp"

#include <string>

namespace turngate::bench {

// What people read, and the same as JSON for programs. Each ends with a newline.
std::string to_text(const LoadResult& result);
std::string to_json(const LoadResult& result);

std::string to_text(const ComparisonResult& result);
std::string to_json(const ComparisonResult& result);

} // namespace turngate::bench
