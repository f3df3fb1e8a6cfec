#pragma once

#include "turngate/protocol/item.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {

// The items of one answer, as they come and as the terminal event has them. Not all of them in
// sight means that the response's context is incomplete.
class AnswerItems
{
public:
    explicit AnswerItems(std::uint64_t max_bytes) noexcept : max_bytes_(max_bytes) {}

    // Of a response.output_item.done; copies. An event without an index stands where it came, one
    // without an item (empty) cannot be told.
    void add(std::optional<std::uint32_t> output_index, std::string_view raw_item);

    // raw_output: the raw response.output of the terminal event. Empty, null, or an empty list says
    // nothing: some servers send none. Else it is the list, and what only stands there is taken
    // from there; items that it does not have, or has in another order, cannot be told. Also for an
    // end that the gateway made itself (with nothing): puts the items into their order.
    void conclude(protocol::ItemReader& reader, std::string_view raw_output);

    // Something was put into the response from outside.
    void spoil() noexcept { is_whole_ = false; }

    bool is_whole() const noexcept { return is_whole_; }

    // In the order of their output_index, once concluded. None, where they were too big to keep.
    std::span<const std::string> items() const noexcept { return items_; }

private:
    void keep(std::string_view raw_item);
    void put_in_order();
    bool are_numbered_through() const noexcept;
    bool are_exactly(std::string_view raw_output) const noexcept;
    void complete_from(protocol::ItemReader& reader, std::string_view raw_output);

    const std::uint64_t max_bytes_;
    std::uint64_t bytes_ = 0;
    std::vector<std::string> items_;
    std::vector<std::uint32_t> indices_; // of items_, until concluded
    bool is_whole_ = true;
};

} // namespace turngate::conversation
