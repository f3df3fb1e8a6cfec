#include "kept.hpp"

#include <algorithm>
#include <utility>

namespace turngate::upstream {

Kept::~Kept()
{
    take_all();
}

void Kept::put(std::shared_ptr<Connection> connection, core::Deadline until)
{
    ++connection->account().life->parked;
    all_.push_back({std::move(connection), until});
}

std::shared_ptr<Connection> Kept::take(const accounts::Account& account, core::Deadline now)
{
    const auto last = std::find_if(all_.rbegin(), all_.rend(), [&](const One& one) {
        return one.connection->is_usable() && now < one.until &&
               one.connection->account().has_same_connections(account);
    });
    return last == all_.rend() ? nullptr : take_out(std::prev(last.base()));
}

std::shared_ptr<Connection> Kept::take_oldest(std::string_view account)
{
    const auto first = std::ranges::find_if(
        all_, [&](const One& one) { return one.connection->account().config.name == account; });
    return first == all_.end() ? nullptr : take_out(first);
}

Kept::Connections Kept::take_expired(core::Deadline now)
{
    Connections taken;
    for (auto one = all_.begin(); one != all_.end();) {
        if (now < one->until) {
            ++one;
            continue;
        }
        const auto at = one - all_.begin();
        taken.push_back(take_out(one));
        one = all_.begin() + at;
    }
    return taken;
}

void Kept::died(const Connection& connection)
{
    const auto found = std::ranges::find_if(
        all_, [&](const One& one) { return one.connection.get() == &connection; });
    if (found != all_.end())
        take_out(found);
}

std::shared_ptr<Connection> Kept::take_out(std::vector<One>::iterator which)
{
    auto connection = std::move(which->connection);
    all_.erase(which);
    --connection->account().life->parked;
    return connection;
}

} // namespace turngate::upstream
