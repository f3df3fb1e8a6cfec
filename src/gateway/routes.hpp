#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::gateway {

// A place where a turn may run (behaviour.md section 4).
struct Route
{
    enum class How : std::uint8_t {
        fresh,     // as it came, on any connection of an account
        here,      // on the connection that has its parent in memory
        by_id,     // on any connection of the account that stored its parent
        rebuilt,   // the whole context instead of a parent
        shortened, // a parent instead of the whole context, on the connection that has it in memory
    };
    How how = How::fresh;
    std::string account{}; // the only one; empty: any that may serve the turn
    std::uint64_t connection =
        0; // here, shortened: its generation; by_id: the first to be asked, if it is free

    bool operator==(const Route&) const = default;
};

std::string_view name_of(Route::How how) noexcept;

// What a failed attempt rules out for those that follow.
enum class Strike : std::uint8_t {
    nothing,
    route,   // the one that was tried
    context, // wherever the parent is taken from where it was made; rebuilt: whatever is rebuilt
    account, // the one that it ran on, but where no other is left
};

// A turn's routes, best first. A value: an attempt takes the first that can run, and what it learns
// shortens the list.
class Routes
{
public:
    void add(Route route) { routes_.push_back(std::move(route)); }

    // Those that are left after an attempt on `tried`, which ran on `account`.
    Routes after(Strike strike, const Route& tried, const std::string& account) const;

    const std::vector<Route>& all() const noexcept { return routes_; }
    bool empty() const noexcept { return routes_.empty(); }
    // Accounts that failed the turn, in that order: where any will do, they come last.
    const std::vector<std::string>& failed() const noexcept { return failed_; }
    bool has_failed(std::string_view account) const noexcept
    {
        return std::find(failed_.begin(), failed_.end(), account) != failed_.end();
    }

private:
    std::vector<Route> routes_;
    std::vector<std::string> failed_;
};

} // namespace turngate::gateway
