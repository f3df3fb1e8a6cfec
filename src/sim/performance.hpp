#pragma once

#include "composer.hpp"
#include "context.hpp"
#include "lanes.hpp"
#include "score.hpp"
#include "storage.hpp"

#include "turngate/core/clock.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::sim {

// One response on its way: the score, how far it was played, and what it amounts to.
class Performance
{
public:
    // `act` may be null: no script.
    Performance(Head head,
                Start start,
                std::vector<Item> items,
                ActPtr act,
                const Pacing& pacing,
                core::Deadline now);

    // When the next move is due; never for one that hangs, waits or is over.
    core::Deadline due() const noexcept;
    bool is_over() const noexcept { return at_ == moves_.size(); }

    bool is_done() const noexcept { return is_over() && !hangs_; }

    Move take();
    // The event of a move; for an error, a fault or a wait there is none.
    std::string_view compose(const Move& move);

    void hang() noexcept { hangs_ = true; }
    // Until the open calls were answered. Nothing to wait for: it goes on.
    void wait_for_outputs() noexcept { waits_ = !open_calls_.empty(); }
    // All of them or none.
    bool inject(const Input& input, core::Deadline now);

    // Ends at the next boundary, or by itself when it calls tools. False: it was over.
    void steer(core::Deadline now);
    // Ends now. The unfinished item is discarded; its index, if there is one.
    std::optional<unsigned> interrupt(core::Deadline now);

    bool asks_for_outputs() const noexcept { return !open_calls_.empty(); }
    std::string_view event(std::string_view type, std::string_view fields)
    {
        return composer_.event(type, fields);
    }

    const Head& head() const noexcept { return composer_.head(); }
    const Create& create() const noexcept { return start_.create; }
    const Act* act() const noexcept { return act_.get(); }
    const Item& item(unsigned index) const { return items_[index]; }
    const std::vector<Call>& open_calls() const noexcept { return open_calls_; }
    Usage usage() const noexcept;
    std::string_view status() const noexcept; // of the terminal event
    ContextPtr context() const;               // what it leaves to be continued
    std::string_view object() const noexcept
    {
        return composer_.object();
    } // the last that was said
    Record record() const;

private:
    std::string_view compose_terminal();
    void finish_item(const Item& item, unsigned index);
    void end_with(std::vector<Move> moves, core::Deadline now);
    std::string_view said_of(unsigned index) const;
    std::string counted_usage() const;

    Composer composer_;
    Start start_;
    std::vector<Item> items_;
    ActPtr act_;
    std::vector<Move> moves_;
    std::size_t at_ = 0;
    core::Deadline due_;

    std::map<unsigned, std::string> output_; // the finished items, JSON
    std::string scripted_;
    std::vector<Call> open_calls_;
    std::optional<unsigned> open_item_;
    std::size_t said_ = 0; // bytes of the open item's text
    std::int64_t output_tokens_ = 0;
    std::int64_t reasoning_tokens_ = 0;
    std::int64_t injected_tokens_ = 0;
    unsigned web_searches_ = 0;
    std::string ended_by_; // steered, interrupted
    bool hangs_ = false;
    bool waits_ = false;
};

} // namespace turngate::sim
