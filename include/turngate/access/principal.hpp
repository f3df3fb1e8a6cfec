#pragma once

#include "turngate/access/registry.hpp"
#include "turngate/config/config.hpp"
#include "turngate/core/fault.hpp"
#include "turngate/net/http.hpp"
#include "turngate/state/state.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace turngate::access {

// Who a key belongs to: key → user → group. Immutable; a session holds it, each turn looks it up
// anew.
struct Principal
{
    std::string key;
    std::string user;
    std::string group;
    std::string tenant;                         // tenant_of group and user: the unit of isolation
    config::Mode mode = config::Mode::ctx_pool; // of the group
    bool http = true;                           // of the group
    core::Ppm multiplier;                       // user in group, else group, else 1
    core::Digest digest;
    std::vector<std::string> allow_ips;
    std::shared_ptr<state::Slots> slots; // of the user
    state::RateLimits rates;             // of the key
    std::optional<core::NanoUsd> quota;  // of the key, for all its bills; nothing: no limit
    std::optional<core::NanoUsd> credit; // of the user, for all their bills
    std::optional<core::Timestamp> expires;

    bool is_rated() const noexcept { return rates.rpm > 0 || rates.tpm > 0; }
    bool is_budgeted() const noexcept { return quota || credit; }
};

// No two pairs of names are one tenant, whatever is in them: in the group's `/` and `%` are
// escaped, so the first `/` ends it.
std::string tenant_of(std::string_view group, std::string_view user);

// As their budgets are named in the state (state/budgets.hpp).
std::string key_subject(std::string_view key);
std::string user_subject(std::string_view user);

// The slots of users by name: they outlive a configuration, so that a reload forgets no running
// turn.
class UserSlots
{
public:
    explicit UserSlots(state::State& state) : state_(state) {}

    // A changed limit counts for those who wait, too; turns that run beyond it go on.
    std::shared_ptr<state::Slots> of(const std::string& user, unsigned limit);

private:
    state::State& state_;
    std::map<std::string, std::shared_ptr<state::Slots>> entries_;
};

// All keys of the configuration and of the repository. Immutable: shared between loops as a
// snapshot.
class KeyRing
{
public:
    // registry: nothing if nothing is known of the repository.
    KeyRing(const config::Config& config,
            UserSlots& slots,
            const std::optional<Registry>& registry = Registry());

    // Null: unknown, or expired. Compared by SHA-256, in constant time.
    std::shared_ptr<const Principal> find(std::string_view secret) const;
    std::shared_ptr<const Principal> find(const core::Digest& digest) const;

    bool is_complete() const noexcept { return is_complete_; } // false: there may be more keys
    // False: nobody knows what users and keys have spent; who has a limit has to wait.
    bool knows_spending() const noexcept { return knows_spending_; }
    // Subjects (state/budgets.hpp) that have a limit.
    const std::set<std::string>& budgeted() const noexcept { return budgeted_; }

private:
    void add(Principal principal);
    void add(const usage::StoredKey& key,
             const config::Config& config,
             const Registry& registry,
             UserSlots& slots);

    std::unordered_map<core::Digest, std::shared_ptr<const Principal>> principals_;
    std::set<std::string> budgeted_;
    bool is_complete_;
    bool knows_spending_;
};

// The key of a request: Authorization: Bearer, else x-api-key, else api-key; empty if there is none
// (behaviour.md section 1). A view into the headers.
std::string_view key_of(const net::HttpHeaders& headers) noexcept;

} // namespace turngate::access
