#pragma once

#include "fleet.hpp"
#include "workload.hpp"

namespace turngate::bench {

// Sessions that have had one turn and are idle now, and what they have added to the subject's
// memory. They stay as long as this does.
class IdleCrowd
{
public:
    IdleCrowd(const Trial& trial, std::size_t sessions);
    ~IdleCrowd();
    IdleCrowd(const IdleCrowd&) = delete;
    IdleCrowd& operator=(const IdleCrowd&) = delete;

    double kib_per_session() const noexcept;

private:
    const Trial& trial_;
    std::size_t sessions_;
    Fleet fleet_;
    double added_kib_ = 0;
};

// Do a turn's CPU and a session's memory stay what they are when there are many sessions?
std::vector<Sample> measure_many_sessions(const Trial& trial);

// Does a turn's CPU stay what it is when its conversation gets long?
std::vector<Sample> measure_long_conversation(const Trial& trial);

} // namespace turngate::bench
