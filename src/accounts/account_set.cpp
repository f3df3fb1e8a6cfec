#include "turngate/accounts/account_set.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace turngate::accounts {
namespace {

constexpr unsigned kMaxWaitingForAccount = 100; // behaviour.md section 3

// https://host/v1 → wss://host/v1/responses (protocol.md section 1)
net::Url responses_url(const config::Account& account)
{
    auto url = net::parse_url(account.base_url);
    if (!url)
        throw std::invalid_argument(account.name + ": base_url"); // config checked it
    url->scheme = url->is_tls() ? "wss" : "ws";
    auto path = url->path.substr(0, url->path.find('?'));
    const auto query = url->path.substr(path.size());
    while (path.ends_with('/'))
        path.pop_back();
    if (!path.ends_with("/responses"))
        path += "/responses";
    url->path = path + query;
    return *url;
}

} // namespace

void AccountLife::cool_until(core::Deadline at) noexcept
{
    const auto ticks = at.time_since_epoch().count();
    auto known = cooled_at_ticks.load(std::memory_order_relaxed);
    while (known < ticks && !cooled_at_ticks.compare_exchange_weak(known, ticks)) {
    }
}

core::Deadline AccountLife::cooled_at() const noexcept
{
    return core::Deadline(core::Clock::duration(cooled_at_ticks.load(std::memory_order_relaxed)));
}

void AccountLife::settle(Permit& permit, Outcome outcome, core::Deadline now) noexcept
{
    permit.settle(outcome, now);
    health.errors.count(outcome);
}

bool Account::serves(std::string_view group) const
{
    return config.mode != config::Mode::off &&
           std::find(config.groups.begin(), config.groups.end(), group) != config.groups.end();
}

bool Account::has_same_connections(const Account& other) const
{
    return this == &other ||
           (config.name == other.config.name && config.base_url == other.config.base_url &&
            config.api_key == other.config.api_key && config.proxy == other.config.proxy &&
            config.lanes == other.config.lanes);
}

std::optional<std::string_view> Account::upstream_model(std::string_view model) const
{
    if (config.models.empty() || model.empty())
        return model;
    const auto found = config.models.find(model);
    if (found == config.models.end())
        return std::nullopt;
    return found->second;
}

const AccountLives::Entry& AccountLives::of(const config::Account& account)
{
    Entry& entry = entries_[account.name];
    if (!entry.life)
        entry.life = std::make_shared<AccountLife>();
    const std::string credentials = account.base_url + '\n' + account.api_key;
    if (std::exchange(entry.credentials, credentials) != credentials)
        entry.life->is_shut_out = false;
    if (!entry.slots || entry.limit != account.concurrency) {
        entry.limit = account.concurrency;
        entry.slots = slots_of(account);
    }
    return entry;
}

std::shared_ptr<state::Slots> AccountLives::slots_of(const config::Account& account) const
{
    if (!state_)
        return std::make_shared<state::Slots>(account.concurrency, kMaxWaitingForAccount);
    return state_->slots("account/" + account.name, account.concurrency, kMaxWaitingForAccount);
}

AccountSet::AccountSet(const config::Config& config, AccountLives& lives)
{
    for (const config::Account& each : config.accounts) {
        const auto& entry = lives.of(each);
        Account account{each,
                        responses_url(each),
                        std::nullopt,
                        entry.life,
                        entry.slots,
                        core::sha256(each.name).prefix()};
        account.life->breaker.configure(config.scheduler.breaker);
        if (!each.proxy.empty())
            account.proxy = net::parse_url(each.proxy);
        const auto after = std::upper_bound(
            accounts_.begin(), accounts_.end(), each.priority, [](int priority, const auto& other) {
                return priority < other->config.priority;
            });
        accounts_.insert(after, std::make_shared<const Account>(std::move(account)));
    }
}

std::shared_ptr<const Account> AccountSet::find(std::string_view name) const
{
    const auto found = std::find_if(accounts_.begin(), accounts_.end(), [&](const auto& one) {
        return one->config.name == name;
    });
    return found == accounts_.end() ? nullptr : *found;
}

std::vector<std::shared_ptr<const Account>> AccountSet::candidates(std::string_view group,
                                                                   std::string_view model) const
{
    std::vector<std::shared_ptr<const Account>> found;
    for (const auto& account : accounts_)
        if (account->serves(group) && account->upstream_model(model))
            found.push_back(account);
    return found;
}

bool AccountSet::serves_group(std::string_view group) const
{
    return std::any_of(
        accounts_.begin(), accounts_.end(), [&](const auto& one) { return one->serves(group); });
}

} // namespace turngate::accounts
