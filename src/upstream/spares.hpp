#pragma once

#include "turngate/upstream/pool.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::upstream {

// Connections dialed ahead: how many are wanted, which there are, when to try again. Bookkeeping
// only: dials and closes nothing; counts what it keeps as parked.
class Spares
{
public:
    using Connections = std::vector<std::shared_ptr<Connection>>;

    void want(const Pool::Accounts& accounts, unsigned each);

    // Accounts that lack a spare and may be dialed now; each counts as being dialed from here on,
    // until put() or failed().
    Pool::Accounts to_dial(core::Deadline now);
    void put(std::shared_ptr<Connection> connection);
    void failed(const accounts::Account& account, core::Deadline now);

    // A usable one of the account, with the longest life before it; null if there is none.
    std::shared_ptr<Connection> take(const accounts::Account& account, core::Deadline now);

    // Those that nobody may begin on any more: too old, or not wanted. They are no longer kept.
    Connections take_superfluous(core::Deadline now);
    // The oldest; null if there is none.
    std::shared_ptr<Connection> take_any(std::string_view account);
    // It is over. An upstream that drops its spares soon is not dialed at once again.
    void died(const Connection& connection, core::Deadline now);

private:
    struct Stock
    {
        std::shared_ptr<const accounts::Account> account; // null: not wanted any more
        Connections idle;                                 // oldest first
        unsigned dialing = 0;
        unsigned failures = 0; // in a row
        core::Deadline not_before{};
    };

    static std::shared_ptr<Connection> take_out(Stock& stock, Connections::iterator which);
    static void pause(Stock& stock, core::Deadline now);

    std::map<std::string, Stock, std::less<>> stocks_; // by account
    unsigned each_ = 0;
};

} // namespace turngate::upstream
