#pragma once

#include "world.hpp"

#include "turngate/net/http.hpp"

#include <optional>

namespace turngate::sim {

// What is refused before anything is done: path, key, method, coding and type of the body.
std::optional<net::HttpResponse> check_request(const net::HttpRequest& request,
                                               const Options& options);

// All that the API answers over HTTP but creates: models, stored responses, counting, compaction.
net::HttpResponse answer_endpoint(World& world, const net::HttpRequest& request);

} // namespace turngate::sim
