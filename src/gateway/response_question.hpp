#pragma once

#include "turngate/net/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::gateway {

// What is asked about a response by its id (http.md section 1): GET and DELETE …/responses/ID,
// POST …/responses/ID/cancel, GET …/responses/ID/input_items.
struct ResponseQuestion
{
    enum class What : std::uint8_t { retrieve, remove, cancel, input_items };

    What what = What::retrieve;
    std::string id;
    bool streams = false;             // retrieve: its events …
    std::int64_t starting_after = -1; // … with greater numbers
    std::string query{};              // as sent, what of it is for its account
    std::string_view odd_param{};     // of the query, that cannot be read; empty: none
};

// Nothing: it asks for something else.
std::optional<ResponseQuestion> response_question(const net::HttpRequest& request);

} // namespace turngate::gateway
