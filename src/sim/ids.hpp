#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace turngate::sim {

// resp_…, msg_…, call_…: unique within a run, the same in each run with the same seed.
class Ids
{
public:
    explicit Ids(std::uint64_t seed);

    std::string make(std::string_view prefix); // "resp" gives "resp_" and 32 digits

private:
    std::uint64_t base_;
    std::uint64_t made_ = 0;
};

} // namespace turngate::sim
