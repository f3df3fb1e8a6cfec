#pragma once

#include <string>
#include <string_view>

namespace turngate::config {

struct Secret
{
    std::string text;
    std::string fault; // why there is none; names no part of it. Empty: there is one
};

// What was read from a file or a program: without the line's end, not empty, and fit for a header.
Secret clean_secret(std::string text);

// What keeps a text from being one; empty: nothing.
std::string fault_of_secret(std::string_view text);

// The secret that a file holds.
Secret read_secret(const std::string& path);

} // namespace turngate::config
