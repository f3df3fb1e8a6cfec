#pragma once

#include "random.hpp"

#include <string>

namespace turngate::sim {

// Something to say: pseudo-words, made once, taken from at random.
class Words
{
public:
    explicit Words(std::uint64_t seed);

    // `opening` and then words, exactly `bytes` long; a longer opening is cut (between characters).
    std::string fill(std::string opening, std::size_t bytes);

private:
    Random random_;
    std::string stock_;
};

} // namespace turngate::sim
