#pragma once

#include "turngate/protocol/item.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace turngate::conversation {

// Which account sealed what (encrypted_content of reasoning and of compacted context), known by its
// digest, also when a client sends it again by itself. Bounded, oldest forgotten first. One loop's.
class Seals
{
public:
    static constexpr std::size_t kMost = 1 << 16;

    // The raw items of an answer of that account. Chains::add does it for what it is given.
    void note(protocol::ItemReader& reader,
              std::span<const std::string> items,
              std::string_view account);

    // Who sealed the (raw) item, at whatever depth. Null: it is not sealed, or nobody knows. Valid
    // as long as the seals.
    const std::string* sealed_by(protocol::ItemReader& reader, std::string_view item) const;

    // The input without the reasoning that other accounts sealed. Nothing: there is none, or it is
    // no list of items. What goes without some of its reasoning goes without what a server wrote
    // into its items, too: ids would speak of what is not there.
    std::optional<std::string> without_foreign(protocol::ItemReader& reader,
                                               std::string_view raw_input,
                                               std::string_view account) const;

    // The same without any reasoning that is sealed. Nothing: it has none.
    static std::optional<std::string> without_any(protocol::ItemReader& reader,
                                                  std::string_view raw_input);

    // The one account that can read what of the input cannot be left out (compacted context, sealed
    // parts of other items). Nothing: there is none such, or nobody knows whose it is.
    std::optional<std::string> bound_to(protocol::ItemReader& reader,
                                        std::string_view raw_input) const;

private:
    const std::string* find(std::uint64_t digest) const noexcept;
    void keep(std::uint64_t digest, const std::string& account);

    std::set<std::string, std::less<>> accounts_; // as many as there are names in the configuration
    std::unordered_map<std::uint64_t, const std::string*> sealed_by_; // by the digest's beginning
    std::deque<std::uint64_t> oldest_first_;
};

} // namespace turngate::conversation
