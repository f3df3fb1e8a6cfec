#include "spares.hpp"

#include <algorithm>
#include <utility>

namespace turngate::upstream {
namespace {

using std::chrono::seconds;

constexpr seconds kFirstPause{1};
constexpr seconds kLongestPause{60};
constexpr seconds kSoon{60}; // a spare that died so young is as good as a failed dial

bool may_dial(const accounts::Account& account, core::Deadline now)
{
    return !account.goes_by_http(now) &&
           account.standing->fitness({}, now) == accounts::Fitness::fits &&
           account.life->connections < account.config.max_connections;
}

} // namespace

void Spares::want(const Pool::Accounts& accounts, unsigned each)
{
    each_ = each;
    for (auto& [name, stock] : stocks_)
        stock.account = nullptr;
    for (const auto& account : accounts) {
        if (account->is_off())
            continue;
        Stock& stock = stocks_[account->config.name];
        stock.account = account;
        stock.not_before = {}; // its credentials or address may be others now
    }
}

Pool::Accounts Spares::to_dial(core::Deadline now)
{
    Pool::Accounts wanted;
    for (auto& [name, stock] : stocks_) {
        if (!stock.account || now < stock.not_before || !may_dial(*stock.account, now))
            continue;
        if (stock.idle.size() + stock.dialing < each_) {
            ++stock.dialing; // one at a time for each tick: no burst on a fresh account
            wanted.push_back(stock.account);
        }
    }
    return wanted;
}

void Spares::put(std::shared_ptr<Connection> connection)
{
    Stock& stock = stocks_[connection->account().config.name];
    --stock.dialing;
    ++connection->account().life->parked;
    stock.idle.push_back(std::move(connection));
}

void Spares::failed(const accounts::Account& account, core::Deadline now)
{
    Stock& stock = stocks_[account.config.name];
    --stock.dialing;
    pause(stock, now);
}

std::shared_ptr<Connection> Spares::take(const accounts::Account& account, core::Deadline now)
{
    const auto found = stocks_.find(account.config.name);
    if (found == stocks_.end())
        return nullptr;
    Stock& stock = found->second;
    const auto last = std::find_if(stock.idle.rbegin(), stock.idle.rend(), [&](const auto& spare) {
        return spare->is_usable() && !spare->is_aged(now) &&
               spare->account().has_same_connections(account);
    });
    if (last == stock.idle.rend())
        return nullptr;
    stock.failures = 0;
    return take_out(stock, std::prev(last.base()));
}

Spares::Connections Spares::take_superfluous(core::Deadline now)
{
    Connections taken;
    for (auto& [name, stock] : stocks_)
        while (!stock.idle.empty() &&
               (!stock.account || stock.idle.size() > each_ || stock.idle.front()->is_aged(now)))
            taken.push_back(take_out(stock, stock.idle.begin()));
    return taken;
}

std::shared_ptr<Connection> Spares::take_any(std::string_view account)
{
    const auto found = stocks_.find(account);
    if (found == stocks_.end() || found->second.idle.empty())
        return nullptr;
    return take_out(found->second, found->second.idle.begin());
}

void Spares::died(const Connection& connection, core::Deadline now)
{
    const auto found = stocks_.find(connection.account().config.name);
    if (found == stocks_.end())
        return;
    Stock& stock = found->second;
    const auto which = std::find_if(stock.idle.begin(), stock.idle.end(), [&](const auto& spare) {
        return spare.get() == &connection;
    });
    if (which == stock.idle.end())
        return;
    if (now - connection.dialed_at() < kSoon)
        pause(stock, now);
    else
        stock.failures = 0;
    take_out(stock, which);
}

std::shared_ptr<Connection> Spares::take_out(Stock& stock, Connections::iterator which)
{
    auto connection = std::move(*which);
    stock.idle.erase(which);
    --connection->account().life->parked;
    return connection;
}

void Spares::pause(Stock& stock, core::Deadline now)
{
    const seconds pause = kFirstPause * (1u << std::min(stock.failures++, 6u));
    stock.not_before = now + std::min(pause, kLongestPause);
}

} // namespace turngate::upstream
