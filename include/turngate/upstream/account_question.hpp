#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace turngate::upstream {

// What is asked of an account that is no turn: one request over HTTP, on a connection of its own.
struct AccountQuestion
{
    std::string_view method = "GET";
    std::string path;         // behind the account's base: /responses/ID, /models
    std::string query{};      // without '?'
    std::uint64_t most_bytes; // of the answer's body
};

} // namespace turngate::upstream
