#pragma once

#include <cstdint>
#include <string_view>

namespace turngate::bench {

enum class Protocol : std::uint8_t { ws, http };

constexpr std::string_view name_of(Protocol protocol) noexcept
{
    return protocol == Protocol::ws ? "ws" : "http";
}

// What is spoken before and behind turngate. A plain proxy changes nothing: it has the client's on
// both sides.
struct Sides
{
    Protocol client = Protocol::ws;
    Protocol upstream = Protocol::ws;

    bool has_http() const noexcept
    {
        return client == Protocol::http || upstream == Protocol::http;
    }
};

} // namespace turngate::bench
