#pragma once

#include "turngate/net/event.hpp"
#include "turngate/upstream/pool.hpp"

#include <optional>
#include <vector>

namespace turngate::upstream {

// A dial under way, while it lives: other lanes of the session wait for its connection instead of
// dialing their own.
class SharedDial
{
public:
    SharedDial(std::vector<SharedDial*>& all, const LeaseRequest& request);
    ~SharedDial(); // wakes those who wait
    SharedDial(const SharedDial&) = delete;
    SharedDial& operator=(const SharedDial&) = delete;

    bool will_serve(const LeaseRequest& request) const;

    // There will be no connection, and those who wait need not try themselves.
    void fail(const LeaseFault& fault)
    {
        fault_ = fault;
        fault_->is_anothers = true;
    }

    // Until it is over. What it failed with, or the stop's reason; nothing: then look again.
    static net::Task<std::optional<LeaseFault>> wait(SharedDial& dial,
                                                     net::Loop& loop,
                                                     core::Deadline deadline,
                                                     net::Stop& stop);

private:
    struct Waiter;

    std::vector<SharedDial*>& all_;
    const std::uint64_t session_;
    const std::shared_ptr<const accounts::Account> account_;
    std::optional<LeaseFault> fault_;
    std::vector<Waiter*> waiters_;
};

} // namespace turngate::upstream
