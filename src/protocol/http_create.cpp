#include "turngate/protocol/http_create.hpp"

#include <utility>

namespace turngate::protocol {
namespace {

std::string_view value_at(std::string_view body, const FieldSpan& at)
{
    return at ? body.substr(at.value_begin, at.value_end - at.value_begin) : "null";
}

Rejection refuse(std::string_view param, std::string message)
{
    return {core::FaultCode::invalid_request, std::move(message), std::string(param), {}};
}

std::optional<Rejection> read_flag(std::string_view body,
                                   const FieldSpan& at,
                                   std::string_view name,
                                   bool& out)
{
    const std::string_view value = value_at(body, at);
    out = value == "true";
    if (out || value == "false" || value == "null")
        return std::nullopt;
    return refuse(name, "'" + std::string(name) + "' must be a boolean.");
}

} // namespace

std::string_view path_of(Endpoint endpoint) noexcept
{
    switch (endpoint) {
    case Endpoint::responses:
        return {};
    case Endpoint::compact:
        return "/compact";
    case Endpoint::input_tokens:
        return "/input_tokens";
    }
    return {};
}

boost::system::result<HttpCreate, Rejection> read_http_create(ClientEventReader& reader,
                                                              std::string_view body,
                                                              Endpoint endpoint)
{
    auto event = reader.read(body);
    if (!event)
        return event.error();
    if (event->type != ClientEventType::create)
        return refuse("type", "Only 'response.create' can be sent over HTTP.");
    if (event->at.stream_id)
        return refuse("stream_id", "Unknown parameter: 'stream_id'.");
    if (event->at.generate)
        return refuse("generate", "Unknown parameter: 'generate'.");
    HttpCreate create;
    if (auto refusal = read_flag(body, event->at.stream, "stream", create.streams))
        return std::move(*refusal);
    if (auto refusal = read_flag(body, event->at.background, "background", create.is_background))
        return std::move(*refusal);
    create.event = std::move(*event);
    create.event.endpoint = endpoint;
    if (endpoint != Endpoint::responses)
        create.streams = create.is_background = false;
    return create;
}

} // namespace turngate::protocol
