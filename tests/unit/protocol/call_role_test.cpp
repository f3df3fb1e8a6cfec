#include "turngate/protocol/item.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace turngate::protocol {
namespace {

using enum CallPart;

TEST(CallRole, NamesTheFieldThatTellsWhichCall)
{
    const struct
    {
        std::string_view type;
        CallPart part;
        std::string_view name;
    } rows[] = {
        {"function_call", call, "call_id"},
        {"function_call_output", output, "call_id"},
        {"custom_tool_call", call, "call_id"},
        {"custom_tool_call_output", output, "call_id"},
        {"shell_call", call, "call_id"},
        {"shell_call_output", output, "call_id"},
        {"apply_patch_call", call, "call_id"},
        {"apply_patch_call_output", output, "call_id"},
        {"computer_call", call, "call_id"},
        {"computer_call_output", output, "call_id"},
        {"tool_search_output", output, "call_id"},
        {"future_call", call, "call_id"},
        {"local_shell_call", call, "call_id"},
        {"local_shell_call_output", output, "call_id"},
        {"mcp_approval_request", call, "id"},
        {"mcp_approval_response", output, "approval_request_id"},
        {"message", none, ""},
        {"mcp_list_tools", none, ""},
        {"_called", none, ""},
        {"", none, ""},
    };
    for (const auto& [type, part, name] : rows) {
        const CallRole role = call_role(type);
        EXPECT_EQ(role.part, part) << type;
        EXPECT_EQ(call_name(role.key, "call_id", "id", "approval_request_id"), name) << type;
    }
}

TEST(CallRole, LetsALocalShellGoByItsId)
{
    for (const std::string_view type : {"local_shell_call", "local_shell_call_output"})
        EXPECT_EQ(call_name(call_role(type).key, "", "id", "x"), "id") << type;
    EXPECT_EQ(call_name(call_role("function_call").key, "", "id", "x"), "");
}

} // namespace
} // namespace turngate::protocol
