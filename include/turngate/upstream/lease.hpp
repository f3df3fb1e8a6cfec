#pragma once

#include "turngate/upstream/connection.hpp"

#include <cstdint>
#include <memory>

namespace turngate::upstream {

class Pool;

// A turn's right to use an upstream connection, alone or beside other lanes. Dropped without
// `park`, it is discarded: unwound mid-stream, we never keep what we cannot vouch for. The pool
// outlives it.
class Lease
{
public:
    enum class How : std::uint8_t { reused, spare, dialed };

    Lease(Pool& pool, std::shared_ptr<Connection> connection, How how);
    ~Lease();
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;

    const std::shared_ptr<Connection>& connection() const noexcept { return connection_; }
    How how() const noexcept { return how_; }

    // Gives it back for the session's next turn. The turn's response is complete.
    void park() &&;

private:
    Pool* pool_;
    std::shared_ptr<Connection> connection_;
    How how_;
};

} // namespace turngate::upstream
