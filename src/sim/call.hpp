#pragma once

#include "error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace turngate::sim {

// A tool call somebody must answer.
struct Call
{
    std::string id;   // call_id
    std::string type; // of its item: function_call, custom_tool_call, …
    std::string name;

    std::string output_type() const { return type + "_output"; }
};

// A call or an output among input items, in their order.
struct CallItem
{
    Call call; // of an output: the id and the type of the call it answers
    bool is_output = false;
};

// Whoever continues a context brings the outputs of all its open calls, and no others. Takes the
// items in and leaves in `open` what stays open: nothing, if there is no error.
std::optional<Error> settle_calls(std::vector<Call>& open, const std::vector<CallItem>& items);

} // namespace turngate::sim
