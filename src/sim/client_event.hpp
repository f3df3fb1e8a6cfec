#pragma once

#include "error.hpp"
#include "input.hpp"
#include "tool.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace turngate::sim {

// What a client may say (protocol.md section 2), read and checked by itself, without regard to what
// went before.

struct Create
{
    std::string lane; // empty: the default lane
    std::string model;
    std::optional<std::string> parent;
    std::optional<std::string> conversation;
    Input input;
    bool generate = true;
    bool store = true;
    bool streams = false;                  // over HTTP: asked for server-sent events
    bool compacts = false;                 // context_management
    Tools tools;                           // null: none named, the chain's go on
    std::string tool_choice = R"("auto")"; // JSON
    std::string forced_tool;               // the function that tool_choice names
    bool parallel_tool_calls = true;
    std::string service_tier = "default"; // as the response will say it
    std::size_t bytes = 0;                // of the whole message
    unsigned on_connection = 0; // its number among the creates of the connection, of the process
    unsigned in_process = 0;
};

struct Steer
{
    std::string target;
    Input input;
    std::string input_json; // as sent, for giving it back
    bool is_valid = true;   // input: a text, or user messages
};

struct Interrupt
{
    std::string target;
};

struct Inject
{
    std::string target;
    Input input;
    std::string input_json;
};

struct Processed
{
};

struct Refusal
{
    Error error;
    std::string lane;
};

using ClientEvent = std::variant<Create, Steer, Interrupt, Inject, Processed, Refusal>;

struct ClientRules
{
    bool lanes = true;                 // false: stream_id is unknown
    bool multi_agent = false;          // the beta was asked for at the upgrade
    bool http = false;                 // the body of a POST
    bool stores = true;                // false: store:true is refused, and over HTTP a parent
    bool ids_required = false;         // of assistant messages with output_text
    std::vector<std::string> models{}; // that exist; none: any
};

ClientEvent read_client_event(std::string_view text, const ClientRules& rules);

bool is_lane_name(std::string_view name) noexcept;

} // namespace turngate::sim
