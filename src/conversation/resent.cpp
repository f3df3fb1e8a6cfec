#include "resent.hpp"

#include "turngate/conversation/chain_item.hpp"
#include "turngate/protocol/same_item.hpp"

#include <algorithm>

namespace turngate::conversation {

Resent::Resent(protocol::ItemReader& reader, std::string_view input)
    : reader_(reader), input_(input),
      items_(reader.read_items(input).value_or(std::vector<protocol::Item>()))
{
}

bool Resent::take(const Passage& passage)
{
    if (passage.items.empty())
        return true;
    std::string list = "[" + passage.items;
    list.back() = ']'; // instead of the comma
    const auto known = reader_.read_items(list);
    return known && std::ranges::all_of(*known, [this](const protocol::Item& item) {
               skip_useless();
               return take(item);
           });
}

// As the chain keeps none of it.
void Resent::skip_useless()
{
    while (at_ < items_.size() && judge(items_[at_]).fate == ItemFate::left_out)
        ++at_;
}

bool Resent::take(const protocol::Item& known)
{
    if (at_ == items_.size())
        return false;
    const protocol::Item& item = items_[at_++];
    const ItemVerdict verdict = judge(item);
    if (verdict.fate == ItemFate::lost || verdict.fate == ItemFate::once)
        return false;
    return protocol::say_the_same(protocol::apply(item.text, verdict.edits), known.text);
}

std::optional<std::string> Resent::rest()
{
    skip_useless();
    if (at_ == items_.size())
        return std::nullopt;
    const auto begin = static_cast<std::size_t>(items_[at_].text.data() - input_.data());
    return "[" + std::string(input_.substr(begin));
}

} // namespace turngate::conversation
