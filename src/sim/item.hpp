#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::sim {

// One output item, whole. Which part of it was said so far is the performance's affair.
struct Item
{
    enum class Kind : std::uint8_t {
        text,
        call,
        custom_call,
        shell_call,
        reasoning,
        web_search,
        verbatim, // as the script writes it, but for its id
        wait,     // no item: goes on when the calls before it were answered by response.inject
    };

    Kind kind = Kind::text;
    std::string id;      // msg_…, fc_…; given when the answer starts
    std::string call_id; // likewise, unless the script names it
    std::string name;    // of the tool
    std::string text;    // what deltas carry: the text, arguments, input, summary; of others the
                         // action's JSON; of verbatim its members, beginning with a comma
    std::string encrypted_content;
    std::string type;                   // of verbatim
    bool is_silent = false;             // it only stands in the output of the terminal event
    std::optional<std::int64_t> tokens; // reasoning: instead of counting
    std::chrono::microseconds delay{0}; // before it

    bool is_call() const noexcept
    {
        return kind == Kind::call || kind == Kind::custom_call || kind == Kind::shell_call ||
               (kind == Kind::verbatim && type.ends_with("_call") && !call_id.empty());
    }
    bool is_spoken() const noexcept // has deltas
    {
        return kind == Kind::text || kind == Kind::call || kind == Kind::custom_call ||
               (kind == Kind::reasoning && !text.empty());
    }
};

// How an item's kind is spoken of in events.
struct Wording
{
    std::string_view id_prefix;
    std::string_view item_type;
    std::string_view delta; // types of events
    std::string_view done;
    std::string_view done_key;   // where `done` repeats the whole
    std::string_view index;      // content_index or summary_index; empty: none
    std::string_view part_added; // empty: no parts
    std::string_view part_done;
    std::string_view part_type;
};

const Wording& wording(Item::Kind kind) noexcept;

// The item as in events and in `output`: with what was said of its text.
void append_json(std::string& out,
                 const Item& item,
                 std::string_view status,
                 std::string_view said);

} // namespace turngate::sim
