#pragma once

#include "item.hpp"
#include "usage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::sim {

// What stays the same of a response through all its events.
struct Head
{
    std::string id;
    std::string lane; // empty: the default lane
    std::string model;
    std::optional<std::string> parent;
    std::string tool_choice = R"("auto")"; // JSON
    bool parallel_tool_calls = true;
    bool store = true;
    std::string service_tier = "default";
    std::int64_t created_at = 0;
};

// What a `response` object says at one moment.
struct Snapshot
{
    std::string_view status = "in_progress";
    std::string_view error = "null";              // JSON
    std::string_view incomplete_details = "null"; // JSON
    std::string_view output{};                    // JSON items, comma between
    std::string_view usage = "null";              // JSON; empty: the field is left out
    unsigned web_searches = 0;
};

// Writes the events of one response by concatenation, numbering them. Views are valid until the
// next call.
class Composer
{
public:
    explicit Composer(Head head);

    std::string_view response(std::string_view type, const Snapshot& snapshot);
    std::string_view item_event(std::string_view type,
                                const Item& item,
                                unsigned index,
                                std::string_view status,
                                std::string_view said);
    std::string_view part(std::string_view type,
                          const Item& item,
                          unsigned index,
                          std::string_view said);
    std::string_view delta(const Item& item, unsigned index, std::string_view text);
    std::string_view said(const Item& item, unsigned index, std::string_view text);
    std::string_view search_step(const Item& item, unsigned index, std::size_t step);
    // Any event: `fields` is JSON, beginning with a comma.
    std::string_view event(std::string_view type, std::string_view fields);

    const Head& head() const noexcept { return head_; }
    // The `response` object of the event before the next call, if it was one of response().
    std::string_view object() const noexcept
    {
        return std::string_view(event_).substr(object_from_, object_size_);
    }

private:
    void begin(std::string_view type);
    void place(const Item& item, unsigned index); // item_id, output_index, content_index
    std::string_view end();

    Head head_;
    std::string event_;
    std::size_t object_from_ = 0;
    std::size_t object_size_ = 0;
    std::string before_status_; // of the response object
    std::string before_output_;
    std::string after_output_;
    std::string tail_; // after the sequence number
    std::int64_t sequence_ = 0;
};

} // namespace turngate::sim
