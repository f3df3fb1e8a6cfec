#pragma once

#include "turngate/upstream/connection.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace turngate::upstream {

// Open HTTP connections that wait for any turn of their account: nothing of a conversation lives in
// one (http.md section 6.7). Bookkeeping only; counts them as parked.
class Kept
{
public:
    using Connections = std::vector<std::shared_ptr<Connection>>;

    ~Kept();

    void put(std::shared_ptr<Connection> connection, core::Deadline until);
    // The one that was used last: the others may come to their time. Null: there is none.
    std::shared_ptr<Connection> take(const accounts::Account& account, core::Deadline now);
    // Used longest ago, of this account; null: there is none.
    std::shared_ptr<Connection> take_oldest(std::string_view account);
    // Those whose time is over.
    Connections take_expired(core::Deadline now);
    Connections take_all() { return take_expired(core::Deadline::max()); }
    void died(const Connection& connection);

private:
    struct One
    {
        std::shared_ptr<Connection> connection;
        core::Deadline until;
    };
    std::shared_ptr<Connection> take_out(std::vector<One>::iterator which);

    std::vector<One> all_; // used longest ago first
};

} // namespace turngate::upstream
