#include "account_order.hpp"

#include "turngate/core/bytes.hpp"

namespace turngate::admin {

std::optional<AccountOrder> read_account_order(std::string_view path)
{
    constexpr std::string_view kPrefix = "/api/v1/accounts/";
    const auto slash = path.rfind('/');
    if (!path.starts_with(kPrefix) || slash <= kPrefix.size())
        return std::nullopt;
    const std::string_view verb = path.substr(slash + 1);
    if (verb != "clear" && verb != "disable" && verb != "enable")
        return std::nullopt;
    auto account = core::percent_decode(path.substr(kPrefix.size(), slash - kPrefix.size()));
    if (!account)
        return std::nullopt;
    return AccountOrder{std::move(*account), verb};
}

} // namespace turngate::admin
