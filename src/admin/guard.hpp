#pragma once

#include "turngate/admin/resource.hpp"
#include "turngate/config/config.hpp"
#include "turngate/core/id.hpp"
#include "turngate/net/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::admin {

// Who may ask (interface.md). Whoever has the token; where there is none, whoever is on this
// machine (the configuration sees to that), but for the web pages in their browser: those reach a
// loopback address too, under a name of their own (DNS rebinding) or from another origin.
class Guard
{
public:
    explicit Guard(const config::Admin& config);

    // What to answer instead; nothing: it may pass.
    std::optional<Answer> refuse(const net::HttpRequest& request) const;

private:
    bool knows_host(std::string_view authority) const; // host, host:port or [v6]:port
    bool is_of_another_origin(const net::HttpRequest& request) const;
    bool has_token(const net::HttpRequest& request) const;

    std::optional<core::Digest> token_;
    bool looks_at_host_ = true;
    std::vector<std::string> hosts_;
};

} // namespace turngate::admin
