#pragma once

#include "call.hpp"
#include "usage.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace turngate::sim {

// What the sim keeps of a request's `input`.
struct Input
{
    enum class Last : std::uint8_t { nothing, user_text, tool_output, other };

    std::string json; // empty for no or empty input
    std::vector<CallItem> calls;
    std::vector<std::string> sealed; // encrypted_content of reasoning
    std::string user_text;           // of the last user message
    std::string tool_output;         // of the last item, if it is one
    Last last = Last::nothing;

    std::int64_t tokens() const noexcept { return tokens_of(json.size()); }
    // Puts other input in front: what was steered in before.
    void prepend(Input earlier);
};

// `input` is a string, an array or null.
Input read_input(const nlohmann::json& input);

} // namespace turngate::sim
