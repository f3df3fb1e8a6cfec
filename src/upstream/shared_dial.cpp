#include "shared_dial.hpp"

#include <utility>

namespace turngate::upstream {

// In its coroutine; either may end before the other.
struct SharedDial::Waiter
{
    Waiter(SharedDial& its_dial, net::Loop& loop) : dial(&its_dial), over(loop)
    {
        dial->waiters_.push_back(this);
    }
    ~Waiter()
    {
        if (dial)
            std::erase(dial->waiters_, this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    SharedDial* dial; // null: it is over
    net::Event over;
    std::optional<LeaseFault> fault;
};

SharedDial::SharedDial(std::vector<SharedDial*>& all, const LeaseRequest& request)
    : all_(all), session_(request.session), account_(request.account)
{
    all_.push_back(this);
}

SharedDial::~SharedDial()
{
    std::erase(all_, this);
    for (Waiter* waiter : waiters_) {
        waiter->dial = nullptr;
        waiter->fault = fault_;
        waiter->over.set();
    }
}

bool SharedDial::will_serve(const LeaseRequest& request) const
{
    return request.session == session_ && request.account == account_ && request.shares_lanes();
}

net::Task<std::optional<LeaseFault>> SharedDial::wait(SharedDial& dial,
                                                      net::Loop& loop,
                                                      core::Deadline deadline,
                                                      net::Stop& stop)
{
    Waiter waiter(dial, loop);
    co_await waiter.over.wait_until(deadline, stop);
    if (stop.requested())
        co_return LeaseFault{stop.reason(), {}};
    co_return std::move(waiter.fault);
}

} // namespace turngate::upstream
