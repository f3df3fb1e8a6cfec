#pragma once

#include "drains.hpp"
#include "rooms.hpp"

#include "fakes/dialer.hpp"
#include "fakes/journal.hpp"
#include "fakes/run.hpp"

#include <memory>
#include <string>

namespace turngate::gateway::test {

// One account "main" for the group "default", one user "alice" with one key, a price of round
// numbers.
inline config::Config small_config()
{
    config::Config config;
    config.accounts.resize(1);
    config.accounts[0].name = "main";
    config.accounts[0].base_url = "http://main.test/v1";
    config.accounts[0].api_key = "sk-upstream";
    config.accounts[0].cost_multiplier = {800'000};
    config.groups.resize(1);
    config.groups[0].name = "default";
    config.users.resize(1);
    config.users[0].name = "alice";
    config.keys.resize(1);
    config.keys[0].name = "a";
    config.keys[0].digest = core::sha256("sk-alice");
    config.keys[0].user = "alice";
    config.scheduler.top_k = 1; // the best account, without a draw
    // One attempt, told at once: what a test wants of recovery it asks for.
    config.relay.hold_lifecycle = std::chrono::milliseconds(0);
    config.recovery.max_attempts = 1;
    config.recovery.budget = std::chrono::milliseconds(0);
    return config;
}

inline usage::PriceTable round_prices()
{
    usage::PriceTable prices;
    prices.version = "test-1";
    auto& model = prices.models["gpt-5.2"];
    model.rates = {.input = 2'000'000'000,
                   .cached_input = 500'000'000,
                   .cache_write = 2'500'000'000,
                   .output = 10'000'000'000};
    return prices;
}

// All that turns work with, on one loop, with a dialer and a journal in the test's hands.
struct RoomsUnderTest
{
    RoomsUnderTest() { load(); }
    ~RoomsUnderTest()
    {
        for (auto& peer : dialer.peers)
            peer->close(1000);
        drains.close();
        fakes::run(loop, drains.join());
        fakes::run(loop, pool.close_all());
    }

    // Takes the configuration as it is now.
    void load()
    {
        const auto copy = std::make_shared<const config::Config>(config);
        const auto table = std::make_shared<const usage::PriceTable>(prices);
        rooms.snapshot = std::make_shared<const Snapshot>(Snapshot{
            copy, access::KeyRing(*copy, user_slots), accounts::AccountSet(*copy, lives), table});
    }

    net::Loop loop{0};
    config::Config config = small_config();
    usage::PriceTable prices = round_prices();
    std::unique_ptr<state::State> state = state::make_memory_state();
    access::UserSlots user_slots{*state};
    accounts::AccountLives lives;
    telemetry::Metrics metrics;
    fakes::Journal journal;
    fakes::Dialer dialer;
    upstream::Pool pool{
        loop, dialer, metrics, {.ping_interval = std::chrono::milliseconds(0), .pong = {}}};
    conversation::ChainBudget chain_budget{64 << 20};
    conversation::Chains chains{chain_budget, {}};
    Drains drains{loop, 2};
    Rooms rooms{loop,
                state->store(),
                state->rates(),
                state->bulletin(),
                state->budgets(),
                journal,
                pool,
                chains,
                drains,
                Metrics(metrics),
                nullptr,
                {},
                {},
                false,
                {}};
};

} // namespace turngate::gateway::test
