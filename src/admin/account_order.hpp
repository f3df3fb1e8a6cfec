#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace turngate::admin {

// POST /api/v1/accounts/NAME/clear, disable or enable; the name may be percent-encoded.
struct AccountOrder
{
    std::string account;
    std::string_view verb; // a view into the path
};

std::optional<AccountOrder> read_account_order(std::string_view path);

} // namespace turngate::admin
