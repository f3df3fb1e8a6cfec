#pragma once

#include "fakes/account.hpp"
#include "fakes/dialer.hpp"
#include "fakes/run.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/upstream/pool.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace turngate::upstream {

using core::FaultCode;
using How = Lease::How;
using LeaseResult = boost::system::result<Lease, LeaseFault>;
using AccountPointer = std::shared_ptr<const accounts::Account>;

// Sessions have one key if they are not told another. Whatever a test does: in the end all counts
// of its accounts are 0.
class PoolTest : public testing::Test
{
protected:
    PoolTest() : PoolTest(PoolOptions{}) {}
    explicit PoolTest(PoolOptions options)
    {
        options.ping_interval = {};
        options.dial_timeout = std::chrono::seconds(3);
        pool.emplace(loop, dialer, metrics, std::move(options));
    }

    void TearDown() override
    {
        leases.clear();
        finish();
        for (const AccountPointer& one : accounts_) {
            EXPECT_EQ(one->life->connections, 0u) << one->config.name;
            EXPECT_EQ(one->life->parked, 0u) << one->config.name;
            EXPECT_EQ(one->life->leased, 0u) << one->config.name;
        }
    }
    void finish()
    {
        answer_closes();
        fakes::run(loop, pool->close_all());
        fakes::until(loop, [&] { return tasks.running() == 0; });
    }

    // The far ends close, those that we close and all others.
    void answer_closes()
    {
        for (auto& peer : dialer.peers)
            peer->close(1000);
    }
    void settle() { fakes::settle(loop); }

    AccountPointer make_account(const config::Account& config)
    {
        return accounts_.emplace_back(fakes::make_account(config));
    }
    // Speaks no lanes.
    AccountPointer make_laneless()
    {
        config::Account config = fakes::account_config("laneless");
        config.lanes = false;
        return make_account(config);
    }

    LeaseRequest request(std::uint64_t session, const std::string& lane = {})
    {
        return request(session, lane, account);
    }
    LeaseRequest request(std::uint64_t session, const std::string& lane, AccountPointer from)
    {
        LeaseRequest request;
        request.session = session;
        request.key = key;
        request.lane = lane;
        request.account = std::move(from);
        return request;
    }
    static LeaseRequest needing(LeaseRequest request, std::uint64_t connection)
    {
        request.connection = connection;
        request.needs_that_connection = true;
        return request;
    }

    LeaseResult lease(LeaseRequest request)
    {
        return fakes::run(loop, pool->lease(std::move(request), headers, stop));
    }
    LeaseResult lease(std::uint64_t session, const std::string& lane = {})
    {
        return lease(request(session, lane));
    }
    // Leased and parked again; its generation.
    std::uint64_t park(LeaseRequest request)
    {
        LeaseResult leased = lease(std::move(request));
        const auto generation = leased->connection()->generation();
        std::move(*leased).park();
        return generation;
    }
    std::uint64_t park(std::uint64_t session) { return park(request(session)); }

    // Asks and does not wait; the answer comes to `leases`.
    std::optional<LeaseResult>& begin(LeaseRequest request) { return begin(request, stop); }
    std::optional<LeaseResult>& begin(LeaseRequest request, net::Stop& its_stop)
    {
        auto& result = leases.emplace_back();
        tasks.spawn("lease",
                    fakes::keep(pool->lease(std::move(request), headers, its_stop), result));
        settle();
        return result;
    }
    void hold_dials() { dialer.held = std::make_unique<net::Event>(loop); }
    void let_dials_go()
    {
        dialer.held->set();
        fakes::until(loop, [&] { return tasks.running() == 0; });
    }
    bool is_closed(std::size_t dialed) { return dialer.peer(dialed).close_code() != 0; }

    net::Loop loop{0};
    fakes::Dialer dialer;
    telemetry::Metrics metrics;
    std::optional<Pool> pool;
    net::TaskGroup tasks{loop};
    std::deque<std::optional<LeaseResult>> leases;

private:
    std::vector<AccountPointer> accounts_;

protected:
    core::Digest key = core::sha256("key");
    AccountPointer account = make_account(fakes::account_config("main", 2));
    const accounts::AccountLife& life = *account->life;
    net::HttpHeaders headers;
    net::Stop stop;
};

} // namespace turngate::upstream
