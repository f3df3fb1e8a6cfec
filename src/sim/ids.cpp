#include "ids.hpp"

#include "random.hpp"

namespace turngate::sim {
namespace {

void append_hex(std::string& out, std::uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        out.push_back("0123456789abcdef"[(value >> shift) & 15]);
}

} // namespace

Ids::Ids(std::uint64_t seed) : base_(Random::mix(seed + 1)) {}

std::string Ids::make(std::string_view prefix)
{
    const std::uint64_t number = base_ + ++made_;
    std::string id;
    id.reserve(prefix.size() + 33);
    id.append(prefix).push_back('_');
    append_hex(id, Random::mix(number));
    append_hex(id, Random::mix(~number));
    return id;
}

} // namespace turngate::sim
