#pragma once

#include "turngate/core/id.hpp"
#include "turngate/net/http.hpp"
#include "turngate/usage/record.hpp"

#include <cstdint>
#include <string>

namespace turngate::gateway {

// What a turn needs to know of its session.
struct SessionFacts
{
    std::uint64_t id = 0;  // unique in this process
    core::Digest key;      // hash of the session key
    bool is_named = false; // the client can come back with that key
    bool is_ours = false;  // the key: nobody named it
    core::Digest secret;   // of the API key: looked up anew each turn
    std::string tenant;
    std::string client_ip;
    std::string user_agent;
    bool is_codex = false; // by its user agent or originator (protocol.md section 10.4)
    usage::RequestType request_type = usage::RequestType::ws_v2;
    net::HttpHeaders forward; // what may go up, behaviour.md section 1
};

} // namespace turngate::gateway
