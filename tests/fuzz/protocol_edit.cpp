// Edits of frames, held against a parser of another house: after each the JSON is equal but for the
// edited field.
#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

using namespace turngate;
using nlohmann::json;

namespace {

constexpr std::string_view kValue = "v\"\\\n\x01\xc3\xa9";

void require(bool holds)
{
    if (!holds)
        std::abort();
}

// Discarded if it is no JSON to that parser: half surrogate pairs and 1e400 are none.
json parsed(std::string_view text, bool* is_twice = nullptr)
{
    std::set<std::string> keys;
    const auto note = [&](int depth, json::parse_event_t event, json& key) {
        if (event == json::parse_event_t::key && depth == 1 && is_twice)
            *is_twice |= !keys.insert(key.get<std::string>()).second;
        return true;
    };
    return json::parse(text, note, false);
}

using NamedSpan = std::pair<std::string, protocol::FieldSpan>;

std::vector<NamedSpan> spans_of(const protocol::ClientEvent& event)
{
    return {{"type", event.at.type},
            {"stream_id", event.at.stream_id},
            {"model", event.at.model},
            {"previous_response_id", event.at.previous_response_id},
            {"input", event.at.input},
            {"service_tier", event.at.service_tier},
            {"store", event.at.store},
            {"safety_identifier", event.at.safety_identifier}};
}

void check_setting(std::string_view frame, const json& before, const NamedSpan& field)
{
    const auto& [key, span] = field;
    json expected = before;
    expected[key] = kValue;
    const protocol::Edits edits{span ? protocol::replace_with_string(span, kValue)
                                     : protocol::insert_string(frame, key, kValue)};
    require(parsed(protocol::apply(frame, edits)) == expected);
}

// Some go, one comes, and one within an object: what goes is the frame's own choice.
void check_removal(std::string_view frame, json expected, const protocol::ClientEvent& event)
{
    std::size_t choice = std::hash<std::string_view>{}(frame);
    std::vector<protocol::FieldSpan> gone;
    for (const auto& [key, span] : spans_of(event)) {
        if ((choice & 1) != 0) {
            gone.push_back(span);
            expected.erase(key);
        }
        choice /= 2;
    }
    protocol::Edits edits = protocol::remove_all(frame, gone);
    if (event.at.client_metadata && !event.has_turn_state) {
        add(edits,
            protocol::insert_raw_into(event.at.client_metadata, protocol::kTurnState, R"("s")"));
        expected["client_metadata"][std::string(protocol::kTurnState)] = "s";
    }
    for (const auto key : {"\"new\"", "\"newer\""}) {
        add(edits, protocol::insert_raw(frame, key, "[1]"));
        expected[key] = {1};
    }
    require(parsed(protocol::apply(frame, edits)) == expected);
}

void check_upstream(std::string_view frame, const json& before)
{
    json expected = before;
    if (!before.contains("type") || !before["type"].is_string())
        expected["type"] = "error";
    expected["status"] = 429;
    const auto part = [&](const char* name) { return before.value(name, json()); };
    if (!part("error").is_object()) // flat: it gets the nested form beside its own members
        expected["error"] = {
            {"message", part("error").is_string() ? part("error") : part("message")},
            {"type", "rate_limit_error"},
            {"param", part("param")},
            {"code", part("code")}};
    const std::string mended = protocol::with_status(frame, 429);
    require(parsed(mended) == expected && protocol::top_level_status(mended) == 429);

    expected = before;
    expected["stream_id"] = "lane";
    std::string sent;
    protocol::append_with_stream_id(sent, frame, "lane");
    require(parsed(sent) == expected);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static protocol::ClientEventReader reader;
    const std::string_view frame(reinterpret_cast<const char*>(bytes), size);
    require(!parsed(protocol::quote(frame)).is_discarded());
    bool is_twice = false;
    const json before = parsed(frame, &is_twice);
    if (!before.is_object() || frame.starts_with('\xef') || frame.find('\0') != frame.npos)
        return 0; // that parser passes a byte order mark, and takes NUL for the end
    if (!is_twice)
        check_upstream(frame, before);
    const auto event = reader.read(frame);
    if (!event)
        return 0;
    for (const NamedSpan& field : spans_of(*event))
        check_setting(frame, before, field);
    check_removal(frame, before, *event);
    return 0;
}
