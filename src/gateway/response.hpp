#pragma once

#include "meter.hpp"

#include "turngate/conversation/answer_items.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace turngate::gateway {

// What a response stands on: its parent, and the input that follows it.
struct Context
{
    std::string parent_id; // empty: the beginning of a conversation, or a parent nobody here knows
    std::int64_t parent_tokens = 0; // 0: not known
    // Instead of the create's own input, as a raw JSON array: a successor's, or that of a create
    // which the upstream puts a steer's input in front of.
    std::optional<std::string> input{};
    bool hides_parent = false; // the client named none, and is told of none
};

// One response, from the create (or the steering) that asks for it to its terminal event: the unit
// of accounting. Made anew for each attempt and each successor; its relay fills it in.
struct Response
{
    Response(Context its_context,
             core::Deadline accepted,
             core::Timestamp started,
             std::uint64_t max_item_bytes)
        : context(std::move(its_context)), accepted_at(accepted), started_at(started),
          items(max_item_bytes)
    {
    }

    bool has_begun() const noexcept { return !id.empty(); }
    bool has_ended() const noexcept { return !end.empty(); }

    Context context;
    core::Deadline accepted_at; // its create, or when its predecessor had ended
    core::Timestamp started_at;

    std::string id;          // of its response.created; empty: that has not come
    bool has_output = false; // content has come
    Meter meter;
    conversation::AnswerItems items; // for the chain

    protocol::EventKind end_kind = protocol::EventKind::completed;
    std::string end; // its terminal event, raw; empty: none yet
};

} // namespace turngate::gateway
