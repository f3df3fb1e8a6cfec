#pragma once

#include "act.hpp"
#include "options.hpp"

#include "turngate/net/http.hpp"

#include <optional>

namespace turngate::sim {

// Why an upgrade request is refused by itself; nothing: it is not.
std::optional<net::HttpResponse> check_upgrade(const net::HttpRequest& request,
                                               const Options& options);

// 401, if its key is none that is accepted.
std::optional<net::HttpResponse> check_key(const net::HttpRequest& request, const Options& options);

// The 101. `act` may be null.
net::HttpResponse switching(const net::HttpRequest& request, const UpgradeAct* act);

// A script's own answer.
net::HttpResponse scripted_refusal(const UpgradeAct& act);

// Head and beginning of an answer whose body does not end.
std::string endless_head(const net::HttpResponse& response);

} // namespace turngate::sim
