#include "admin_options.hpp"

#include "turngate/config/address.hpp"

#include <algorithm>

namespace turngate::app {

admin::LedgerThreads::Options ledger_options(const config::Config& config)
{
    constexpr unsigned kOthers = 2;
    constexpr unsigned kMost = 2;
    admin::LedgerThreads::Options options;
    options.patience = config.admin.query_timeout;
    options.threads = kMost;
    if (config.usage.repository == config::UsageBackend::postgres)
        options.threads =
            std::clamp(config.usage.postgres.pool, kOthers + 1, kOthers + kMost) - kOthers;
    return options;
}

config::Admin admin_to_go_by(const config::Admin& first, const config::Admin& now)
{
    config::Admin admin = now;
    admin.listen = first.listen;
    const auto address = config::ListenAddress::parse(admin.listen);
    const bool needs_token = !address || !address->is_loopback();
    if (admin.token.empty() && needs_token)
        admin.token = first.token;
    return admin;
}

} // namespace turngate::app
