#pragma once

#include "turngate/accounts/health.hpp"
#include "turngate/accounts/standing.hpp"
#include "turngate/config/config.hpp"
#include "turngate/core/id.hpp"
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
    Health health;
    std::atomic<unsigned> connections{0}; // physical, dialing ones included
    std::atomic<unsigned> parked{0};
    std::atomic<unsigned> leased{0};
    std::atomic<std::uint64_t> dials{0};
    std::atomic<std::uint64_t> faults{0};
    // transport auto: it was found to speak no WebSocket, and is asked over HTTP until then.
    std::atomic<core::Deadline> http_until{core::Deadline::min()};
};

// One upstream credential with its place and limits. Immutable.
struct Account
{
    config::Account config;
    net::Url url; // ws or wss, path …/responses
    std::optional<net::Url> proxy;
    std::shared_ptr<AccountLife> life;
    std::shared_ptr<Standing> standing;  // of these credentials
    std::shared_ptr<state::Slots> slots; // running turns
    core::Digest credentials;            // base URL and key
    std::uint64_t salt = 0;              // of its name: tells it from others in a draw

    bool is_off() const;                       // its mode says so, or there is no secret for it yet
    bool serves(std::string_view group) const; // in the group, and not off
    // A connection of the one is as good as one of the other: after a reload they may not be.
    bool has_same_connections(const Account& other) const;
    // The upstream's name of a public model; nothing if the account does not have it.
    std::optional<std::string_view> upstream_model(std::string_view model) const;

    // Whatever its turns go by.
    bool speaks_http() const noexcept
    {
        return config.transport != config::Transport::ws ||
               config.kind != config::AccountKind::custom;
    }

    // A create of that many bytes goes up by HTTP now (http.md section 6.8).
    bool goes_by_http(core::Deadline now, std::size_t create_bytes = 0) const;

    // How a turn's use of the account ended: settles its permit and counts for its health.
    void settle(Permit& permit, const Outcome& outcome, core::Deadline now) const;
};

// Lives, standings and slots by account name: they outlive a configuration.
class AccountLives
{
public:
    AccountLives() = default; // slots of this process alone
    explicit AccountLives(state::State* state) : state_(state) {}

    struct Entry
    {
        std::shared_ptr<AccountLife> life;
        std::shared_ptr<Standing> standing;
        std::shared_ptr<state::Slots> slots; // a changed limit counts for those who wait, too
        core::Digest credentials;            // base URL and key: new ones begin a new standing
    };

    const Entry& of(const config::Account& account);

private:
    std::shared_ptr<state::Slots> slots_of(const config::Account& account) const;

    state::State* state_ = nullptr;
    std::map<std::string, Entry> entries_;
};

class AccountIndex;
class Field;

// All accounts of a configuration, best priority first. Immutable: shared between loops as a
// snapshot.
class AccountSet
{
public:
    AccountSet(const config::Config& config, AccountLives& lives);
    ~AccountSet();
    AccountSet(AccountSet&&) noexcept;

    using Accounts = std::vector<std::shared_ptr<const Account>>;

    const Accounts& all() const noexcept { return accounts_; }
    std::shared_ptr<const Account> find(std::string_view name) const; // null: there is none

    // Those that may answer: in the group, mode on, model mapped (an empty model fits all); best
    // first.
    const Accounts& candidates(std::string_view group, std::string_view model) const;
    bool serves_group(std::string_view group) const;

    // For `order` alone: the same with their scores; null: nobody has the model there.
    const Field* field(std::string_view group, std::string_view model) const;
    std::size_t count_in(std::string_view group) const; // with the mode on

private:
    Accounts accounts_;
    std::unique_ptr<AccountIndex> index_;
};

} // namespace turngate::accounts
