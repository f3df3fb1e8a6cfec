#pragma once

#include <cstdint>

namespace turngate::state {

// Whether Redis is worth asking. Machine: no I/O, no clock. Open: nobody asks, and its owner
// probes.
class Breaker
{
public:
    enum class State : std::uint8_t { open, closed };

    static constexpr unsigned kMostFailures = 3; // in a row

    State state() const noexcept { return state_; }

    void on_probed() noexcept
    {
        state_ = State::closed;
        failures_ = 0;
    }
    void on_lost() noexcept { state_ = State::open; }
    void on_answer() noexcept { failures_ = 0; }

    // True: this was one too many, and it is open now.
    bool on_failure() noexcept
    {
        if (state_ == State::open || ++failures_ < kMostFailures)
            return false;
        state_ = State::open;
        return true;
    }

private:
    State state_ = State::open; // until Redis has been seen
    unsigned failures_ = 0;
};

} // namespace turngate::state
