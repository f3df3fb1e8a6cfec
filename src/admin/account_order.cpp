#include "account_order.hpp"

#include <charconv>

namespace turngate::admin {
namespace {

// Nothing: a `%` that begins no byte.
std::optional<std::string> percent_decode(std::string_view text)
{
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded.push_back(text[i]);
            continue;
        }
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned char value = 0;
        const auto end = digits.data() + digits.size();
        if (digits.size() != 2 || std::from_chars(digits.data(), end, value, 16).ptr != end)
            return std::nullopt;
        decoded.push_back(static_cast<char>(value));
        i += 2;
    }
    return decoded;
}

} // namespace

std::optional<AccountOrder> read_account_order(std::string_view path)
{
    constexpr std::string_view kPrefix = "/api/v1/accounts/";
    const auto slash = path.rfind('/');
    if (!path.starts_with(kPrefix) || slash <= kPrefix.size())
        return std::nullopt;
    const std::string_view verb = path.substr(slash + 1);
    if (verb != "clear" && verb != "disable" && verb != "enable")
        return std::nullopt;
    auto account = percent_decode(path.substr(kPrefix.size(), slash - kPrefix.size()));
    if (!account)
        return std::nullopt;
    return AccountOrder{std::move(*account), verb};
}

} // namespace turngate::admin
