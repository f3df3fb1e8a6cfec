#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/state/bulletin.hpp"

#include <string>
#include <string_view>

namespace turngate::app {

// An operator's word about an account's standing: clear (told to the other gateways), disable or
// enable (of this gateway). False: there is no such account.
bool order_account(const accounts::AccountSet& accounts,
                   state::Bulletin& bulletin,
                   const std::string& account,
                   std::string_view verb);

} // namespace turngate::app
