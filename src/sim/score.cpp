#include "score.hpp"

#include "json_text.hpp"

#include <algorithm>
#include <utility>

namespace turngate::sim {
namespace {

using Kind = Move::Kind;

// Lays the moves out and puts the script's fault and error where they belong.
class Arranger
{
public:
    Arranger(const Act* act, const Pacing& pacing) : act_(act), pacing_(pacing) {}

    std::vector<Move> arrange(const std::vector<Item>& items)
    {
        reach(Point::At::before);
        add({Kind::created});
        add({Kind::in_progress});
        if (act_ && !act_->rate_limits.empty())
            add({Kind::rate_limits});
        if (act_ && !act_->turn_state.empty())
            add({Kind::metadata});
        reach(Point::At::created);
        for (unsigned i = 0; i < items.size(); ++i)
            add_item(items, act_ && !act_->arrival.empty() ? act_->arrival[i] : i);
        reach(Point::At::terminal);
        add({Kind::terminal});
        add_after(items);
        if (act_ && !moves_.empty())
            moves_.front().delay += act_->delay;
        return std::move(moves_);
    }

private:
    void add(Move move)
    {
        if (!over_)
            moves_.push_back(move);
    }

    void add_item(const std::vector<Item>& items, unsigned index)
    {
        const Item& item = items[index];
        if (item.is_silent)
            return add({Kind::silent, index, 0, 0, item.delay});
        if (item.kind == Item::Kind::wait)
            return add({Kind::wait, index});
        Move added{Kind::item_added, index};
        added.delay = item.delay;
        add(added);
        if (item.kind == Item::Kind::web_search)
            for (std::size_t step = 0; step < 3; ++step)
                add({Kind::searching, index, step});
        if (item.is_spoken() && !wording(item.kind).part_added.empty())
            add({Kind::part_added, index});
        if (item.is_spoken())
            add_deltas(item, index);
        for (const Move& move : closing_of(item, index))
            add(move);
    }

    void add_deltas(const Item& item, unsigned index)
    {
        const std::string_view text = item.text;
        std::size_t from = 0;
        while (from < text.size()) {
            reach(Point::At::content);
            std::size_t size = cut_point(text.substr(from), pacing_.delta_bytes);
            if (size == 0) // a character longer than a delta
                size = std::max<std::size_t>(1, cut_point(text.substr(from), 4));
            add({Kind::delta, index, from, size, pacing_.interval});
            from += size;
            ++deltas_;
        }
        reach(Point::At::content);
    }

    // Passing a point. content: with so many deltas said; a count that is never reached means
    // before the terminal event.
    void reach(Point::At at)
    {
        if (!act_)
            return;
        add_events(at);
        if (act_->fault && !fault_done_ && is_here(act_->fault->when, at))
            add_fault(*act_->fault);
        if (act_->error && !error_done_ && is_here(act_->error->after, at)) {
            add({Kind::error});
            error_done_ = true;
            over_ = true;
        }
    }

    void add_events(Point::At at)
    {
        events_done_.resize(act_->events.size(), false);
        for (unsigned i = 0; i < act_->events.size(); ++i) {
            const ScriptedEvent& event = act_->events[i];
            if (events_done_[i] || !is_here(event.when, at))
                continue;
            events_done_[i] = true;
            add({Kind::scripted, i, 0, 0, event.delay});
        }
    }

    bool is_here(const Point& point, Point::At at) const
    {
        if (point.at == Point::At::content && at == Point::At::terminal)
            return true;
        return point.at == at && (at != Point::At::content || point.deltas <= deltas_);
    }

    void add_fault(const Fault& fault)
    {
        fault_done_ = true;
        const bool repeats =
            fault.kind == Fault::Kind::duplicate_terminal || fault.kind == Fault::Kind::late_events;
        if (!repeats)
            add({Kind::fault, 0, 0, 0, fault.delay});
    }

    // The lane is free again: what follows is no part of the response, and comes after an error
    // too.
    void add_after(const std::vector<Item>& items)
    {
        if (!act_)
            return;
        over_ = false;
        add_events(Point::At::after);
        if (!act_->fault)
            return;
        const Fault& fault = *act_->fault;
        if (fault.kind == Fault::Kind::duplicate_terminal)
            add({Kind::terminal_again, 0, 0, 0, fault.delay});
        else if (fault.kind == Fault::Kind::late_events)
            add_late(items, fault);
        else if (fault.when.at == Point::At::after)
            add_fault(fault);
    }

    void add_late(const std::vector<Item>& items, const Fault& fault)
    {
        for (unsigned i = 0; i < items.size(); ++i)
            if (items[i].is_spoken())
                return add({Kind::late_delta,
                            i,
                            0,
                            cut_point(items[i].text, pacing_.delta_bytes),
                            fault.delay});
    }

    const Act* act_;
    const Pacing& pacing_;
    std::vector<Move> moves_;
    unsigned deltas_ = 0;
    std::vector<bool> events_done_;
    bool fault_done_ = false;
    bool error_done_ = false;
    bool over_ = false;
};

} // namespace

Pacing paced(Pacing usual, const Act* act)
{
    if (!act)
        return usual;
    return {act->deltas.value_or(usual.deltas),
            act->delta_bytes.value_or(usual.delta_bytes),
            act->interval.value_or(usual.interval)};
}

std::vector<Move> compose_score(const std::vector<Item>& items,
                                const Act* act,
                                const Pacing& pacing)
{
    return Arranger(act, pacing).arrange(items);
}

std::vector<Move> closing_of(const Item& item, unsigned index)
{
    std::vector<Move> moves;
    if (item.is_spoken())
        moves.push_back({Kind::said, index});
    if (item.is_spoken() && !wording(item.kind).part_done.empty())
        moves.push_back({Kind::part_done, index});
    moves.push_back({Kind::item_done, index});
    return moves;
}

} // namespace turngate::sim
