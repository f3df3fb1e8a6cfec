#pragma once

#include "socket_counts.hpp"
#include "turn.hpp"

#include "turngate/net/http.hpp"

#include <string>

namespace turngate::gateway {

// Someone who may come in, on the way to the loop of their session key.
struct Guest
{
    net::HttpResponse response; // the 101
    std::string leftover;       // bytes that came behind the request
    bool deflate = false;
    SessionFacts facts;
    SocketCounts::Ticket ticket;
};

} // namespace turngate::gateway
