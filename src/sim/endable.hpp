#pragma once

#include <cstdint>
#include <string_view>

namespace turngate::sim {

// What tests may end.
class Endable
{
public:
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    virtual void reset() = 0;

protected:
    ~Endable() = default;
};

} // namespace turngate::sim
