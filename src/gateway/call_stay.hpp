#pragma once

#include "rooms.hpp"
#include "session_facts.hpp"

namespace turngate::gateway {

// A call's session, while a turn of it runs. What that leaves behind can be come back to. What is
// referred to outlives it.
class CallStay
{
public:
    CallStay(Rooms& rooms, const SessionFacts& facts) : rooms_(rooms), facts_(facts)
    {
        rooms_.chains.enter(facts_.key);
    }
    ~CallStay()
    {
        rooms_.pool.leave(facts_.id, facts_.key, facts_.is_named);
        rooms_.chains.leave(facts_.key, facts_.is_named, core::Clock::now());
    }
    CallStay(const CallStay&) = delete;
    CallStay& operator=(const CallStay&) = delete;

private:
    Rooms& rooms_;
    const SessionFacts& facts_;
};

} // namespace turngate::gateway
