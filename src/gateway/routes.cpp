#include "routes.hpp"

namespace turngate::gateway {
namespace {

using How = Route::How;

bool rules_out(Strike strike, const Route& tried, const std::string& account, const Route& other)
{
    switch (strike) {
    case Strike::nothing:
        return false;
    case Strike::route:
        return other == tried;
    case Strike::context:
        if (tried.how == How::shortened)
            return other == tried;
        return other.how != How::rebuilt || tried.how == How::rebuilt;
    case Strike::account:
        return other.account == account;
    }
    return true;
}

} // namespace

std::string_view name_of(How how) noexcept
{
    switch (how) {
    case How::fresh:
        return "fresh";
    case How::here:
        return "here";
    case How::by_id:
        return "by_id";
    case How::rebuilt:
        return "rebuilt";
    case How::shortened:
        return "shortened";
    }
    return "unknown";
}

Routes Routes::after(Strike strike, const Route& tried, const std::string& account) const
{
    Routes left = *this;
    std::erase_if(left.routes_,
                  [&](const Route& other) { return rules_out(strike, tried, account, other); });
    if (strike == Strike::account) {
        std::erase(left.failed_, account);
        left.failed_.push_back(account);
    }
    return left;
}

} // namespace turngate::gateway
