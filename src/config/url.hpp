#pragma once

#include <optional>
#include <string_view>

namespace turngate::config {

// The parts of scheme://userinfo@host:port/rest; views of the text.
struct Url
{
    std::string_view scheme;
    std::string_view userinfo; // empty if none
    std::string_view host;     // without brackets, never empty
    std::string_view port;     // empty if none
    std::string_view rest;     // path and query, from their / or ?
};

std::optional<Url> parse_url(std::string_view text);

} // namespace turngate::config
