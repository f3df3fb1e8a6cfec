#include "turngate/upstream/lease.hpp"

#include "turngate/upstream/pool.hpp"

#include <utility>

namespace turngate::upstream {

Lease::Lease(Pool& pool, std::shared_ptr<Connection> connection, How how)
    : pool_(&pool), connection_(std::move(connection)), how_(how)
{
    ++connection_->account().life->leased;
}

Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)),
      how_(other.how_)
{
}

Lease::~Lease()
{
    if (!pool_)
        return;
    --connection_->account().life->leased;
    pool_->discard(connection_);
}

void Lease::park() &&
{
    --connection_->account().life->leased;
    std::exchange(pool_, nullptr)->park(connection_);
}

} // namespace turngate::upstream
