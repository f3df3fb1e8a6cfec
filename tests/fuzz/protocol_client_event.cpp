// Client frames. What the reader calls JSON is what simdjson's document parser calls JSON, and a
// frame that was read can be edited and read again.
#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/upstream_create.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>

using namespace turngate;

namespace {

void require(bool holds)
{
    if (!holds)
        std::abort();
}

// The document parser also refuses numbers it cannot hold and half surrogate pairs, and one level
// earlier.
bool is_beyond_document(simdjson::error_code error)
{
    return error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR ||
           error == simdjson::DEPTH_ERROR;
}

constexpr std::size_t kMaxDepth = 512; // as the reader

void check_grammar(std::string_view frame, bool is_json)
{
    static simdjson::dom::parser parser;
    static const auto allocated = parser.allocate(1 << 20, kMaxDepth);
    require(!allocated);
    const auto error = parser.parse(frame.data(), frame.size()).error();
    if (!is_beyond_document(error))
        require(is_json == !error);
}

void set_string(protocol::Edits& edits,
                std::string_view frame,
                const protocol::FieldSpan& field,
                std::string_view key,
                std::string_view value)
{
    add(edits,
        field ? protocol::replace_with_string(field, value)
              : protocol::insert_string(frame, key, value));
}

void check_edits(protocol::ClientEventReader& reader,
                 std::string_view frame,
                 const protocol::ClientEvent& event)
{
    const bool takes_parent = !event.has_conversation;
    protocol::Edits edits;
    set_string(edits, frame, event.at.model, "model", "m\"2");
    if (takes_parent)
        set_string(edits, frame, event.at.previous_response_id, "previous_response_id", "resp_2");
    for (auto& edit :
         protocol::remove_all(frame, {event.at.stream_id, event.at.store, event.at.service_tier}))
        add(edits, std::move(edit));
    const bool takes_state = event.at.client_metadata && !event.has_turn_state;
    if (takes_state)
        add(edits,
            protocol::insert_raw_into(event.at.client_metadata, protocol::kTurnState, R"("s\n")"));
    const std::string edited = protocol::apply(frame, edits);
    const auto again = reader.read(edited);
    require(again.has_value());
    require(again->type == event.type && again->model == "m\"2" && !again->stream_id);
    require(!takes_parent || again->previous_response_id == "resp_2");
    require(again->has_turn_state == (event.has_turn_state || takes_state));
    require(again->tool_call_ids == event.tool_call_ids && !again->at.store);
}

// Whatever the account refuses, what goes up over HTTP is JSON.
void check_body(std::string_view frame)
{
    static simdjson::dom::parser parser;
    const protocol::HttpWants refuses_some{
        false, {"prompt"}, {"web_search", "namespace"}, {"reasoning"}};
    const protocol::HttpWants refuses_all{true, {"tools"}, {}, {}};
    for (const auto* wants : {&refuses_some, &refuses_all}) {
        const auto made = protocol::http_body(frame, *wants);
        const auto error = parser.parse(made.body).error();
        require(!error || is_beyond_document(error));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static protocol::ClientEventReader reader;
    const std::string_view frame(reinterpret_cast<const char*>(bytes), size);
    const auto event = reader.read(frame);
    check_grammar(frame, event || event.error().code != core::FaultCode::invalid_json);
    if (event)
        check_edits(reader, frame, *event);
    if (event)
        check_body(frame);
    return 0;
}
