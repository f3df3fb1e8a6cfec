#pragma once

#include "field.hpp"

#include "turngate/config/config.hpp"

namespace turngate::accounts {

// The ranks of a ranking in the order of a draw (behaviour.md section 6), one at a time. Of many
// candidates a short list is drawn from: what a draw costs does not depend on how many there are.
// Who is not on it follows by score.
class Draw
{
public:
    // The ranking and the field must outlive it.
    Draw(const Field& field,
         const Ranking& ranking,
         const config::Scheduler& scheduler,
         std::uint64_t seed);

    std::optional<std::uint32_t> next();

private:
    std::vector<std::uint32_t> drawn_; // ranks
    std::size_t at_ = 0;
    std::uint32_t rank_ = 0; // of the others
    std::uint32_t size_ = 0;
};

} // namespace turngate::accounts
