#pragma once

#include "turngate/config/config.hpp"
#include "turngate/net/http.hpp"

namespace turngate::upstream {

// What the client said that may go up, the account's key, and before both what the operator says.
net::HttpHeaders account_headers(const config::Account& account, const net::HttpHeaders& clients);

} // namespace turngate::upstream
