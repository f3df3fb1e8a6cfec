// Upstream frames. Peeking at JSON gives what simdjson's document parser finds, if no top-level key
// comes twice.
#include "turngate/protocol/codex_event.hpp"
#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <cstdlib>
#include <set>
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

bool has_duplicates(simdjson::dom::object object)
{
    std::set<std::string_view> keys;
    for (const auto field : object)
        if (!keys.insert(field.key).second)
            return true;
    return false;
}

// Types are known by what they say, not by how it is written.
void check_kind(std::string_view frame, simdjson::dom::object object)
{
    std::string_view type;
    simdjson::dom::element error;
    const protocol::EventKind kind = protocol::peek_kind(frame);
    if (object.at_key("type").get(type)) {
        const bool is_error =
            !object.at_key("error").get(error) && (error.is_object() || error.is_string());
        require(kind == (is_error ? protocol::EventKind::error : protocol::EventKind::lifecycle));
    } else if (type != "response.done") {
        require(kind == protocol::peek_kind("{\"type\":" + protocol::quote(type) + "}"));
    } else {
        require(protocol::is_terminal(kind) && kind != protocol::EventKind::error);
    }
}

void check_numbers(std::string_view frame, simdjson::dom::object object)
{
    const auto index = protocol::peek_output_index(frame);
    std::uint64_t number = 0;
    if (index)
        require(!object.at_key("output_index").get(number) && number == *index);
    const auto status = protocol::top_level_status(frame);
    std::int64_t given = 0;
    if (status)
        require(!object.at_key("status").get(given) && given == *status);
}

void check_peeks(std::string_view frame)
{
    static simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(frame.data(), frame.size()).get(object) || has_duplicates(object))
        return;
    check_kind(frame, object);
    check_numbers(frame, object);
    const std::string_view lane = protocol::peek_stream_id(frame);
    std::string_view stream_id;
    if (!lane.empty())
        require(!object.at_key("stream_id").get(stream_id) && stream_id == lane);
}

// What goes to a lane is the same object with that lane's name, and read as the same kind.
void check_lane(std::string_view frame)
{
    static simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(frame.data(), frame.size()).get(object) || has_duplicates(object))
        return;
    const std::size_t fields = object.size();
    const bool has_lane = !object.at_key("stream_id").error();
    std::string sent;
    protocol::append_with_stream_id(sent, frame, "lane");
    std::string_view stream_id;
    require(!parser.parse(sent).get(object) && !has_duplicates(object));
    require(!object.at_key("stream_id").get(stream_id) && stream_id == "lane");
    require(object.size() == fields + (has_lane ? 0 : 1));
    require(protocol::peek_kind(sent) == protocol::peek_kind(frame));
}

// A turn state goes into another frame between quotes as it stands.
void check_turn_state(std::string_view frame)
{
    static simdjson::dom::parser parser;
    const std::string_view state = protocol::peek_turn_state(frame);
    require(state.empty() || (state.data() >= frame.data() &&
                              state.data() + state.size() < frame.data() + frame.size()));
    if (!parser.parse(frame.data(), frame.size()).error())
        require(!parser.parse("\"" + std::string(state) + "\"").error());
}

// Header values are none that end a header.
void check_codex(std::string_view frame)
{
    for (const auto& [name, value] : protocol::rate_limit_headers(frame)) {
        require(name.starts_with("x-codex-") && !value.empty());
        for (const char c : value)
            require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
    const std::string told = protocol::without_model(frame);
    require(told.empty() || protocol::without_model(told) == told);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static protocol::UpstreamEventReader reader;
    const std::string_view frame(reinterpret_cast<const char*>(bytes), size);
    check_peeks(frame);
    check_lane(frame);
    check_turn_state(frame);
    check_codex(frame);
    reader.read_steer(frame);
    const auto event = reader.read_terminal(frame, protocol::peek_kind(frame));
    require(event.status >= 0 && event.status < 1000);
    require(event.output.empty() ||
            (event.output.data() >= frame.data() &&
             event.output.data() + event.output.size() <= frame.data() + frame.size()));
    const std::string_view id = protocol::peek_response_id(frame);
    require(id.empty() ||
            (id.data() > frame.data() && id.data() + id.size() < frame.data() + frame.size()));
    require(!event.usage ||
            (event.usage->total >= 0 && event.usage->total <= std::int64_t{1} << 54));
    return 0;
}
