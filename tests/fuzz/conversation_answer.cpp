// Answers of anything. A line of input is an item that came (`3 {…}`: with its output_index), `=`
// and what the end of the response lists. What is whole is all that is listed, or numbered through;
// what an input is without its seals is JSON, has none left, and has nothing more to leave out.
#include "turngate/conversation/answer_items.hpp"
#include "turngate/conversation/chain_item.hpp"
#include "turngate/conversation/seals.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace turngate;

namespace {

constexpr std::uint64_t kMaxBytes = 4'096;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

std::optional<std::uint32_t> take_index(std::string_view& line)
{
    std::optional<std::uint32_t> index;
    while (!line.empty() && line.front() >= '0' && line.front() <= '9') {
        index = index.value_or(0) * 10 + static_cast<std::uint32_t>(line.front() - '0');
        line.remove_prefix(1);
    }
    return index;
}

std::string list_of(std::span<const std::string> items)
{
    std::string list = "[";
    for (const std::string& item : items)
        list += item + ',';
    if (list.back() == ',')
        list.pop_back();
    return list + ']';
}

void check_seals(protocol::ItemReader& reader, std::span<const std::string> items)
{
    conversation::Seals seals;
    const std::string list = list_of(items);
    seals.note(reader, items, "a");
    require(!seals.without_foreign(reader, list, "a"));
    const auto foreign = seals.without_foreign(reader, list, "b");
    const auto bare = conversation::Seals::without_any(reader, list);
    require(!foreign || bare);
    for (const auto& without : {foreign, bare}) {
        if (!without)
            continue;
        require(reader.read_items(*without).has_value());
        require(without->size() < list.size());
        require(!seals.without_foreign(reader, *without, "b"));
    }
    require(!bare || !conversation::Seals::without_any(reader, *bare));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static protocol::ItemReader reader;
    std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (std::ranges::count_if(text, [](char c) { return c == '[' || c == '{'; }) > 500)
        return 0; // the reader goes to a depth of 512
    conversation::AnswerItems answer(kMaxBytes);
    std::string listed;
    std::size_t came = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('=')) {
            listed = line.substr(1);
            continue;
        }
        const auto index = take_index(line);
        answer.add(index, line);
        ++came;
    }
    answer.conclude(reader, listed);
    std::size_t kept = 0;
    for (const std::string& item : answer.items())
        kept += item.size();
    require(kept <= kMaxBytes);
    if (!answer.is_whole())
        return 0;
    const auto list = reader.read_items(listed);
    const bool are_items = std::ranges::all_of(answer.items(), [&](const std::string& item) {
        return reader.read_item(item).has_value();
    });
    if (list && !list->empty() && are_items)
        require(answer.items().size() == list->size());
    if (!list || list->empty())
        require(answer.items().size() <= came);
    conversation::calls_in(reader, answer.items());
    check_seals(reader, answer.items());
    return 0;
}
