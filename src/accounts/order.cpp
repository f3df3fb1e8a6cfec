#include "order.hpp"

#include <algorithm>

namespace turngate::accounts {

std::optional<std::uint32_t> Order::Source::next_rank()
{
    if (first_at_ < first.size())
        return first[first_at_++];
    if (!draw_)
        draw_.emplace(*field, *ranking, scheduler, seed);
    while (const auto rank = draw_->next()) {
        const auto is_in = [&](const auto& ranks) {
            return std::ranges::find(ranks, *rank) != ranks.end();
        };
        if (!is_in(first) && !is_in(last))
            return rank;
    }
    if (last_at_ < last.size())
        return last[last_at_++];
    return std::nullopt;
}

// A ranking that was kept may have been true when it was made.
bool Order::Source::still_fits(const Account& account) const
{
    return ranking->is_last_resort || field->fitness_of(account, model, now) == Fitness::fits;
}

std::optional<Candidate> Order::Source::next()
{
    while (const auto rank = next_rank()) {
        const auto& entry = ranking->entries[*rank];
        if (still_fits(field->account(entry.place)))
            return Candidate{field->ref(entry.place), entry.score};
    }
    return std::nullopt;
}

Order::Order() noexcept = default;
Order::Order(std::unique_ptr<Source> source) : source_(std::move(source)) {}
Order::Order(Order&&) noexcept = default;
Order& Order::operator=(Order&&) noexcept = default;
Order::~Order() = default;

const Candidate* Order::at(std::size_t place) const
{
    while (source_ && given_.size() <= place) {
        auto next = source_->next();
        if (!next)
            break;
        given_.push_back(std::move(*next));
    }
    return place < given_.size() ? &given_[place] : nullptr;
}

std::size_t Order::size() const
{
    return source_ ? source_->ranking->entries.size() : 0;
}

const Candidate* Order::find(const Account* account) const
{
    const auto found =
        std::ranges::find(given_, account, [](const Candidate& one) { return one.account.get(); });
    return found == given_.end() ? nullptr : &*found;
}

} // namespace turngate::accounts
