#include "account_headers.hpp"

#include <algorithm>

namespace turngate::upstream {

net::HttpHeaders account_headers(const config::Account& account, const net::HttpHeaders& clients)
{
    net::HttpHeaders headers;
    for (const auto& [name, value] : account.headers)
        headers.add(name, value);
    const auto add = [&](const std::string& name, const std::string& value) {
        const bool is_replaced = std::ranges::any_of(account.headers, [&](const auto& own) {
            return net::equal_without_case(own.first, name);
        });
        if (!is_replaced)
            headers.add(name, value);
    };
    for (const auto& [name, value] : clients)
        add(name, value);
    add("authorization", "Bearer " + account.api_key);
    return headers;
}

} // namespace turngate::upstream
