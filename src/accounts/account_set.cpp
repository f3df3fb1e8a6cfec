#include "turngate/accounts/account_set.hpp"

#include "account_index.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace turngate::accounts {
namespace {

// protocol.md section 1: a WebSocket takes less than 16 MiB a message.
constexpr std::size_t kMostOverWebSocket = (16 << 20) - (64 << 10);

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

bool Account::is_off() const
{
    return config.mode == config::Mode::off ||
           (!config.credentials.command.empty() && config.api_key.empty());
}

bool Account::serves(std::string_view group) const
{
    return !is_off() &&
           std::find(config.groups.begin(), config.groups.end(), group) != config.groups.end();
}

bool Account::has_same_connections(const Account& other) const
{
    return this == &other ||
           (config.name == other.config.name && config.base_url == other.config.base_url &&
            config.api_key == other.config.api_key && config.proxy == other.config.proxy &&
            config.lanes == other.config.lanes && config.headers == other.config.headers);
}

bool Account::goes_by_http(core::Deadline now, std::size_t create_bytes) const
{
    using config::Transport;
    const bool is_vendor = config.kind != config::AccountKind::custom;
    if (config.transport == Transport::ws)
        return is_vendor && create_bytes >= kMostOverWebSocket;
    return config.transport == Transport::http || create_bytes >= kMostOverWebSocket ||
           now < life->http_until.load(std::memory_order_relaxed);
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

void Account::settle(Permit& permit, const Outcome& outcome, core::Deadline now) const
{
    Standing::settle(permit, outcome, now);
    life->health.errors.count(outcome.kind);
}

const AccountLives::Entry& AccountLives::of(const config::Account& account)
{
    Entry& entry = entries_[account.name];
    if (!entry.life)
        entry.life = std::make_shared<AccountLife>();
    const auto credentials = core::sha256(account.base_url + '\n' + account.api_key);
    if (!entry.standing || entry.credentials != credentials) {
        const bool is_disabled = entry.standing && entry.standing->is_disabled();
        entry.standing = std::make_shared<Standing>();
        entry.credentials = credentials;
        if (is_disabled) // that was no matter of credentials
            entry.standing->disable();
    }
    if (!entry.slots)
        entry.slots = slots_of(account);
    entry.slots->set_limit(account.concurrency);
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
                        entry.standing,
                        entry.slots,
                        entry.credentials,
                        core::sha256(each.name).prefix()};
        account.standing->configure(config.scheduler.breaker);
        if (!each.proxy.empty())
            account.proxy = net::parse_url(each.proxy);
        const auto after = std::upper_bound(
            accounts_.begin(), accounts_.end(), each.priority, [](int priority, const auto& other) {
                return priority < other->config.priority;
            });
        accounts_.insert(after, std::make_shared<const Account>(std::move(account)));
    }
    index_ = std::make_unique<AccountIndex>(accounts_);
}

AccountSet::~AccountSet() = default;
AccountSet::AccountSet(AccountSet&&) noexcept = default;

std::shared_ptr<const Account> AccountSet::find(std::string_view name) const
{
    return index_->find(name);
}

const AccountSet::Accounts& AccountSet::candidates(std::string_view group,
                                                   std::string_view model) const
{
    return index_->candidates(group, model);
}

bool AccountSet::serves_group(std::string_view group) const
{
    return count_in(group) > 0;
}

const Field* AccountSet::field(std::string_view group, std::string_view model) const
{
    return index_->field(group, model);
}

std::size_t AccountSet::count_in(std::string_view group) const
{
    return index_->candidates(group, {}).size();
}

} // namespace turngate::accounts
