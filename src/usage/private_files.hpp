#pragma once

#include <string>

namespace turngate::usage {

// Directories and files that nobody but this user can read. What is there already stays as it is.
// Throw std::runtime_error.
void make_private_directory(const std::string& path); // those above it, too
void make_private_file(const std::string& path);      // empty

} // namespace turngate::usage
