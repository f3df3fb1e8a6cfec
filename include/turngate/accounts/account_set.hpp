#pragma once

#include "turngate/accounts/breaker.hpp"
#include "turngate/accounts/health.hpp"
#include "turngate/config/config.hpp"
#include "turngate/net/dial.hpp"
#include "turngate/state/state.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::accounts {

// What changes while an account is in use; shared by all loops, kept over a reload.
struct AccountLife
{
    // Not to be used before then: its quota or rate limit says so. The later of two stays.
    void cool_until(core::Deadline at) noexcept;
    core::Deadline cooled_at() const noexcept;
    bool is_cooling(core::Deadline now) const noexcept { return now < cooled_at(); }

    // How a turn's use of the account ended: settles its permit and counts for its health.
    void settle(Permit& permit, Outcome outcome, core::Deadline now) noexcept;

    Health health;
    Breaker breaker;
    std::atomic<core::Clock::rep> cooled_at_ticks{0};
    std::atomic<bool> is_shut_out{false}; // its credentials were refused; until they change
    std::atomic<unsigned> connections{0}; // physical, dialing ones included
    std::atomic<unsigned> parked{0};
    std::atomic<unsigned> leased{0};
    std::atomic<std::uint64_t> dials{0};
    std::atomic<std::uint64_t> faults{0};
};

// One upstream credential with its place and limits. Immutable.
struct Account
{
    config::Account config;
    net::Url url; // ws or wss, path …/responses
    std::optional<net::Url> proxy;
    std::shared_ptr<AccountLife> life;
    std::shared_ptr<state::Slots> slots; // running turns
    std::uint64_t salt = 0;              // of its name: tells it from others in a draw

    bool serves(std::string_view group) const; // in the group, mode on
    // A connection of the one is as good as one of the other: after a reload they may not be.
    bool has_same_connections(const Account& other) const;
    // The upstream's name of a public model; nothing if the account does not have it.
    std::optional<std::string_view> upstream_model(std::string_view model) const;
};

// Lives and slots by account name: they outlive a configuration.
class AccountLives
{
public:
    AccountLives() = default; // slots of this process alone
    explicit AccountLives(state::State* state) : state_(state) {}

    struct Entry
    {
        std::shared_ptr<AccountLife> life;
        std::shared_ptr<state::Slots>
            slots; // a changed limit begins a new set; running turns keep the old one
        unsigned limit = 0;
        std::string
            credentials; // base URL and key: when they change, a shut-out account may try again
    };

    const Entry& of(const config::Account& account);

private:
    std::shared_ptr<state::Slots> slots_of(const config::Account& account) const;

    state::State* state_ = nullptr;
    std::map<std::string, Entry> entries_;
};

// All accounts of a configuration, best priority first. Immutable: shared between loops as a
// snapshot.
class AccountSet
{
public:
    AccountSet(const config::Config& config, AccountLives& lives);

    const std::vector<std::shared_ptr<const Account>>& all() const noexcept { return accounts_; }
    std::shared_ptr<const Account> find(std::string_view name) const;

    // Those that may answer: in the group, mode on, model mapped (an empty model fits all); best
    // first.
    std::vector<std::shared_ptr<const Account>> candidates(std::string_view group,
                                                           std::string_view model) const;
    bool serves_group(std::string_view group) const;

private:
    std::vector<std::shared_ptr<const Account>> accounts_;
};

} // namespace turngate::accounts
