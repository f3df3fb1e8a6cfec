#include "admin_options.hpp"

#include <gtest/gtest.h>

namespace turngate::app {
namespace {

TEST(LedgerOptions, LeaveTheSettlerAndTheBooksTheirConnections)
{
    config::Config config;
    EXPECT_EQ(ledger_options(config).threads, 2u);
    config.usage.repository = config::UsageBackend::postgres;
    for (const auto& [pool, threads] : {std::pair{2u, 1u}, {3u, 1u}, {4u, 2u}, {64u, 2u}}) {
        config.usage.postgres.pool = pool;
        EXPECT_EQ(ledger_options(config).threads, threads) << pool;
    }
}

TEST(AdminToGoBy, IsTheNewOneButDoesNotOpenTheOldAddress)
{
    config::Admin first;
    first.listen = "127.0.0.1:9090";
    config::Admin now;
    now.token = "new";
    now.hosts = {"gate.test"};
    now.listen = "0.0.0.0:80";
    EXPECT_EQ(admin_to_go_by(first, now).token, "new");
    EXPECT_EQ(admin_to_go_by(first, now).hosts, now.hosts);
    EXPECT_EQ(admin_to_go_by(first, now).listen, first.listen);

    first.listen = "0.0.0.0:9090";
    first.token = "old";
    EXPECT_EQ(admin_to_go_by(first, now).token, "new");
    now.listen = "127.0.0.1:9090";
    now.token.clear(); // fine there, but that is not where we listen
    EXPECT_EQ(admin_to_go_by(first, now).token, "old");
    first.listen = "127.0.0.1:9090";
    EXPECT_EQ(admin_to_go_by(first, now).token, "");
}

} // namespace
} // namespace turngate::app
