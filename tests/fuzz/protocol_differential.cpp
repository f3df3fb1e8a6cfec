// Client frames. What the gateway reads of one is what a parser of another house reads, whichever
// of two equal keys that takes and whether it knows case or not; or it refuses the frame.
#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/item.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

using namespace turngate;
using nlohmann::json;

namespace {

constexpr int kMaxDepth = 512; // as the reader

void require(bool holds)
{
    if (!holds)
        std::abort();
}

struct Parsed
{
    json value;
    int depth = 0;
    bool is_ambiguous = false; // a field that is read, at the top
};

const std::set<std::string> kRead{"type",
                                  "stream_id",
                                  "model",
                                  "previous_response_id",
                                  "response_id",
                                  "prompt_cache_key",
                                  "store",
                                  "generate",
                                  "prompt",
                                  "conversation",
                                  "input",
                                  "service_tier",
                                  "max_output_tokens"};

std::string lower(std::string text)
{
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

Parsed parse(std::string_view frame)
{
    Parsed parsed;
    std::set<std::string> seen;
    parsed.value = json::parse(
        frame,
        [&](int depth, json::parse_event_t event, json& key) {
            parsed.depth = std::max(parsed.depth, depth);
            if (event != json::parse_event_t::key || depth != 1)
                return true;
            const std::string name = key;
            if (kRead.contains(lower(name)))
                parsed.is_ambiguous |= !kRead.contains(name) || !seen.insert(name).second;
            return true;
        },
        false);
    return parsed;
}

std::string text_of(const json& object, std::string_view key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

struct Calls
{
    std::vector<std::string> calls, outputs;
    bool has_reference = false;
};

Calls calls_in(const json& frame)
{
    Calls found;
    const auto input = frame.find("input");
    if (input == frame.end() || !input->is_array())
        return found;
    for (const json& item : *input) {
        if (!item.is_object())
            continue;
        const std::string type = text_of(item, "type");
        const std::string id = text_of(item, "id");
        const protocol::CallRole role = protocol::call_role(type);
        const std::string call_id = text_of(item, "call_id");
        const std::string approval = text_of(item, "approval_request_id");
        const std::string name(protocol::call_name(role.key, call_id, id, approval));
        if (role.part != protocol::CallPart::none && !name.empty())
            (role.part == protocol::CallPart::call ? found.calls : found.outputs).push_back(name);
        const bool is_message = item.contains("role") && item["role"].is_string();
        found.has_reference |=
            type == "item_reference" || (type.empty() && !id.empty() && !is_message);
    }
    return found;
}

void check(const protocol::ClientEvent& event, const Parsed& parsed)
{
    const json& frame = parsed.value;
    require(!parsed.is_ambiguous && frame.is_object());
    require(event.model == text_of(frame, "model"));
    require(event.previous_response_id == text_of(frame, "previous_response_id"));
    require(event.response_id == text_of(frame, "response_id"));
    require(event.stream_id.value_or("") == text_of(frame, "stream_id"));
    const std::string type = text_of(frame, "type");
    require(type.empty() ||
            (type == "response.create") == (event.type == protocol::ClientEventType::create));
    const auto store = frame.find("store");
    require(event.store == (store == frame.end() || *store != json(false)));
    const Calls calls = calls_in(frame);
    require(event.tool_call_ids == calls.calls);
    require(event.tool_output_call_ids == calls.outputs);
    require(event.has_item_reference == calls.has_reference);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static protocol::ClientEventReader reader;
    const std::string_view frame(reinterpret_cast<const char*>(bytes), size);
    const Parsed parsed = parse(frame);
    if (parsed.value.is_discarded()) // half surrogate pairs and 1e400 are no JSON to that parser
        return 0;
    if (frame.starts_with('\xef') || frame.find('\0') != frame.npos)
        return 0; // it passes a byte order mark, and takes NUL for the end
    const auto event = reader.read(frame);
    if (event)
        check(*event, parsed);
    else if (parsed.depth < kMaxDepth)
        require(event.error().code != core::FaultCode::invalid_json);
    return 0;
}
