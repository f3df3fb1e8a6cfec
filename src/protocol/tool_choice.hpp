#pragma once

#include "turngate/protocol/upstream_create.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// What may be said of a create's `tool_choice` to an account that does not get all of its tools
// (accounts[].drop): it must not name one that is not there.
class ToolChoice
{
public:
    ToolChoice() = default;
    // Views of both.
    static ToolChoice for_create(std::string_view create, const HttpWants& wants);

    // The choice as it goes up; empty: it does not.
    std::string left_of(std::string_view choice) const;

private:
    bool is_gone(std::string_view tool) const;
    std::string allowed(std::string_view choice) const;

    std::vector<std::string_view> gone_types_;
    std::vector<std::string_view> gone_names_; // of functions and custom tools
    std::vector<std::string_view> kept_names_;
    bool is_any_kept_ = false;
};

} // namespace turngate::protocol
