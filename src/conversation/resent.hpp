#pragma once

#include "chain_passage.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {

// A create's input that may begin with what was said before: passage by passage from the beginning
// on. The reader and the input outlive it.
class Resent
{
public:
    Resent(protocol::ItemReader& reader, std::string_view input);

    // It goes on with all of the passage, which is behind it then.
    bool take(const Passage& passage);

    // What is left, as an array; nothing: that is no item.
    std::optional<std::string> rest();

private:
    void skip_useless();
    bool take(const protocol::Item& known);

    protocol::ItemReader& reader_;
    const std::string_view input_;
    const std::vector<protocol::Item> items_;
    std::size_t at_ = 0; // of items_
};

} // namespace turngate::conversation
