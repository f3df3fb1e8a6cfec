#pragma once

#include "endable.hpp"
#include "world.hpp"

#include "turngate/net/http.hpp"

#include <map>

namespace turngate::sim {

using Connections = std::map<unsigned, Endable*>;

// The HTTP side of the listener: what tests ask for, and refusals for everything else.
class Control
{
public:
    Control(World& world, Connections& connections) : world_(world), connections_(connections) {}

    net::HttpResponse answer(const net::HttpRequest& request);

private:
    net::HttpResponse replace_script(const net::HttpRequest& request);
    net::HttpResponse close(std::string_view query);
    net::HttpResponse reset(std::string_view query);
    net::HttpResponse no_such_thing(const net::HttpRequest& request) const;

    World& world_;
    Connections& connections_;
};

// An answer with a JSON error, as the vendor's HTTP API gives it.
net::HttpResponse refusal(int status, std::string_view code, std::string_view message);

bool is_responses_path(std::string_view path) noexcept;

} // namespace turngate::sim
