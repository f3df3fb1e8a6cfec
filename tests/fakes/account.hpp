#pragma once

#include "turngate/accounts/account_set.hpp"

#include <memory>
#include <string>

namespace turngate::fakes {

inline config::Account account_config(const std::string& name, unsigned max_connections = 10)
{
    config::Account account;
    account.name = name;
    account.base_url = "http://" + name + ".test/v1";
    account.api_key = "sk-" + name;
    account.max_connections = max_connections;
    return account;
}

inline std::shared_ptr<const accounts::Account> make_account(const config::Account& account)
{
    config::Config config;
    config.accounts = {account};
    accounts::AccountLives lives;
    return accounts::AccountSet(config, lives).all().front();
}

} // namespace turngate::fakes
