#include "account_orders.hpp"

#include "turngate/telemetry/log.hpp"

namespace turngate::app {

bool order_account(const accounts::AccountSet& accounts,
                   state::Bulletin& bulletin,
                   const std::string& account,
                   std::string_view verb)
{
    const auto found = accounts.find(account);
    if (!found)
        return false;
    if (verb == "clear") {
        bulletin.lift_cooling(account); // first: it would be brought back from there
        found->standing->clear();
    } else if (verb == "disable") {
        found->standing->disable();
    } else if (verb == "enable") {
        found->standing->enable();
    }
    telemetry::log_info("account by order", {{"account", account}, {"order", verb}});
    return true;
}

} // namespace turngate::app
