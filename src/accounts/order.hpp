#pragma once

#include "draw.hpp"

#include "turngate/accounts/scheduler.hpp"

namespace turngate::accounts {

// Where an Order comes from: who comes first whatever the draw says, the draw, who comes last.
struct Order::Source
{
    const Field* field = nullptr;
    std::shared_ptr<const Ranking> ranking;
    config::Scheduler scheduler;
    std::string model;
    std::uint64_t seed = 0;
    core::Deadline now;

    std::vector<std::uint32_t> first; // ranks; not drawn, like the last
    std::vector<std::uint32_t> last;

    std::optional<Candidate> next(); // that still fits

private:
    std::optional<std::uint32_t> next_rank();
    bool still_fits(const Account& account) const;

    std::optional<Draw> draw_; // from when it is needed
    std::size_t first_at_ = 0;
    std::size_t last_at_ = 0;
};

} // namespace turngate::accounts
