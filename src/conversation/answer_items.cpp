#include "turngate/conversation/answer_items.hpp"

#include "turngate/conversation/chain_item.hpp"

#include <algorithm>
#include <utility>

namespace turngate::conversation {
namespace {

bool is_separator(char c) noexcept
{
    return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// An item that came, or that is in the list.
struct Said
{
    Said(protocol::ItemReader& reader, std::string_view text)
    {
        if (auto item = reader.read_item(text))
            *this = Said(*item);
    }

    explicit Said(const protocol::Item& item)
        : type(item.type), id(item.id), call_id(item.call_id),
          bare(protocol::apply(item.text, judge(item).edits))
    {
    }

    std::string type, id, call_id;
    std::string bare; // without what a server wrote into it; empty: it is no item
};

// The same item, said twice. At its place it goes by its name: what is sealed or annotated may be
// said anew.
bool is_same(const Said& done, const Said& listed, bool is_at_its_place)
{
    if (done.bare.empty() || done.type != listed.type)
        return false;
    const bool has_its_name = (!done.id.empty() && done.id == listed.id) ||
                              (!done.call_id.empty() && done.call_id == listed.call_id);
    return (is_at_its_place && has_its_name) || done.bare == listed.bare;
}

} // namespace

void AnswerItems::add(std::optional<std::uint32_t> output_index, std::string_view raw_item)
{
    if (raw_item.empty())
        return spoil();
    keep(raw_item);
    if (items_.size() > indices_.size())
        indices_.push_back(output_index.value_or(indices_.empty() ? 0 : indices_.back() + 1));
}

void AnswerItems::conclude(protocol::ItemReader& reader, std::string_view raw_output)
{
    put_in_order();
    const bool says_something = raw_output.find('{') != raw_output.npos;
    if (!says_something)
        is_whole_ = is_whole_ && are_numbered_through();
    else if (is_whole_ && !are_exactly(raw_output))
        complete_from(reader, raw_output);
    indices_.clear();
}

void AnswerItems::keep(std::string_view raw_item)
{
    bytes_ += raw_item.size();
    if (bytes_ <= max_bytes_) {
        items_.emplace_back(raw_item);
        return;
    }
    spoil();
    std::vector<std::string>().swap(items_);
    indices_.clear();
}

// As they came, if they came in order. An item that is done twice is one.
void AnswerItems::put_in_order()
{
    std::vector<std::pair<std::uint32_t, std::size_t>> order;
    for (std::size_t at = 0; at < indices_.size(); ++at)
        order.emplace_back(indices_[at], at);
    std::ranges::sort(order);
    std::vector<std::string> items;
    std::vector<std::uint32_t> indices;
    for (const auto& [index, at] : order) {
        if (!indices.empty() && indices.back() == index && items.back() == items_[at])
            continue;
        items.push_back(std::move(items_[at]));
        indices.push_back(index);
    }
    items_ = std::move(items);
    indices_ = std::move(indices);
}

bool AnswerItems::are_numbered_through() const noexcept
{
    for (std::size_t at = 0; at < indices_.size(); ++at)
        if (indices_[at] != at)
            return false;
    return true;
}

// Nearly always the list has the very bytes that came before: nothing to parse.
bool AnswerItems::are_exactly(std::string_view raw_output) const noexcept
{
    std::string_view rest = raw_output.substr(1);
    const auto skip = [&rest] {
        while (!rest.empty() && is_separator(rest.front()))
            rest.remove_prefix(1);
    };
    skip();
    for (const std::string& item : items_) {
        if (!rest.starts_with(item))
            return false;
        rest.remove_prefix(item.size());
        skip();
    }
    return rest == "]";
}

// All that came must be in the list, in its order.
void AnswerItems::complete_from(protocol::ItemReader& reader, std::string_view raw_output)
{
    const auto listed = reader.read_items(raw_output);
    if (!listed)
        return spoil();
    std::vector<std::string> done = std::exchange(items_, {});
    const std::vector<std::uint32_t> places = std::exchange(indices_, {});
    bytes_ = 0;
    std::size_t next = 0;
    std::optional<Said> awaited;
    for (std::size_t place = 0; place < listed->size(); ++place) {
        if (!awaited && next < done.size())
            awaited.emplace(reader, done[next]);
        const protocol::Item& item = (*listed)[place];
        if (awaited && is_same(*awaited, Said(item), places[next] == place)) {
            keep(done[next++]);
            awaited.reset();
        } else {
            keep(item.text);
        }
    }
    if (next < done.size()) {
        spoil();
        items_ = std::move(done); // their calls are open all the same
    }
}

} // namespace turngate::conversation
