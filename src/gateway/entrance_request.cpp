// How a create comes over HTTP: its body, and whose session it is of (http.md section 5).
#include "cors.hpp"
#include "door.hpp"
#include "entrance.hpp"
#include "intake.hpp"
#include "request_body.hpp"

#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using core::FaultCode;

constexpr auto kAnswerTimeout = std::chrono::seconds(5);

protocol::HttpAnswer answer_to(const protocol::Rejection& rejection)
{
    protocol::ErrorDetail detail;
    detail.message = rejection.message;
    detail.param = rejection.param;
    return protocol::answer_to_error(protocol::error_event(rejection.code, detail));
}

net::HttpResponse response_of(protocol::HttpAnswer answer, std::string_view request_id)
{
    net::HttpResponse response;
    response.status = answer.status;
    response.headers.add("content-type", "application/json");
    response.headers.add("x-request-id", request_id);
    response.headers.add("date", net::http_date());
    for (const auto& [name, value] : answer.headers)
        response.headers.add(name, value);
    response.body = std::move(answer.body);
    return response;
}

// No account of the client's group can do it.
protocol::HttpAnswer no_compaction()
{
    return {.status = 404,
            .body = protocol::error_body("No account of this group compacts conversations.",
                                         "invalid_request_error",
                                         "not_found")};
}

// A JSON string's body, as the lanes remember Codex's token.
std::string turn_state_of(const net::HttpHeaders& headers)
{
    const std::string quoted = protocol::quote(headers.get(protocol::kTurnState));
    return quoted.substr(1, quoted.size() - 2);
}

} // namespace

boost::system::result<protocol::HttpCreate, protocol::Rejection> Entrance::read_create(
    std::string_view body, protocol::Endpoint endpoint)
{
    auto create = protocol::read_http_create(rooms_.client_events, body, endpoint);
    if (!create)
        return create;
    if (auto refusal = refuse_foreign(create->event, *rooms_.snapshot->config))
        return std::move(*refusal);
    if (create->is_background && !create->event.store)
        return protocol::Rejection{
            FaultCode::invalid_request, "'background' needs 'store' to be true.", "background", {}};
    return create;
}

bool Entrance::has_compaction(const SessionFacts& facts) const
{
    const auto principal = rooms_.snapshot->keys.find(facts.secret);
    return principal &&
           std::ranges::any_of(rooms_.snapshot->accounts.candidates(principal->group, {}),
                               [](const auto& account) {
                                   return account->config.compaction && account->speaks_http();
                               });
}

// Where no header names the session, the cache key does, else the parent: its session's loop has
// what it stands on. Any can be come back to, by its responses' ids.
net::Task<> Entrance::find_session(const protocol::ClientEvent& create, SessionFacts& facts)
{
    if (std::exchange(facts.is_named, true))
        co_return;
    if (!create.prompt_cache_key.empty()) {
        facts.key = session_key(facts.tenant, create.prompt_cache_key);
        facts.is_ours = false;
        co_return;
    }
    if (create.previous_response_id.empty())
        co_return;
    const auto parent =
        co_await rooms_.store.find_response(facts.tenant, create.previous_response_id);
    if (parent && parent->session) {
        facts.key = *parent->session;
        facts.is_ours = false;
    }
}

// The client's next request may come on this connection.
net::Task<> Entrance::answer_and_stay(Visit& visit,
                                      net::RequestReader& reader,
                                      const net::HttpRequest& head,
                                      protocol::HttpAnswer answer,
                                      std::string request_id)
{
    auto response = response_of(std::move(answer), request_id);
    for (const auto& [name, value] : cors_headers(visit.origin))
        response.headers.add(name, value);
    const std::string bytes = net::to_bytes(response, head.keep_alive);
    const auto written =
        co_await visit.stream.write_all(bytes, core::Clock::now() + kAnswerTimeout);
    if (written && head.keep_alive)
        stay(std::move(visit.stream), reader.take_leftover(), visit.peer, std::move(*visit.ticket));
}

net::Task<> Entrance::take_request(Visit& visit,
                                   net::RequestReader& reader,
                                   const net::HttpRequest& head,
                                   protocol::Endpoint endpoint,
                                   Guest guest)
{
    Request request;
    request.turn.accepted_at = core::Clock::now();
    request.turn.started_at = core::wall_now();
    const std::uint64_t most = rooms_.snapshot->config->limits.max_request_body;
    core::ByteBudget::Share share(client_bytes_.unfinished);
    auto body = co_await read_body(visit.stream, reader, head, most, share);
    if (auto* refusal = std::get_if<Refusal>(&body)) {
        co_await answer(visit, std::move(*refusal));
        co_return;
    }
    request.turn.frame = std::move(std::get<std::string>(body));
    if (endpoint == protocol::Endpoint::compact && !has_compaction(guest.facts)) {
        co_await answer_and_stay(visit, reader, head, no_compaction(), request.turn.id);
        co_return;
    }
    auto create = read_create(request.turn.frame, endpoint);
    if (!create) {
        rooms_.metrics.bad_frames.add();
        auto refusal = answer_to(create.error());
        co_await answer_and_stay(visit, reader, head, std::move(refusal), request.turn.id);
        co_return;
    }
    co_await find_session(create->event, guest.facts);
    guest.facts.request_type =
        create->streams ? usage::RequestType::stream : usage::RequestType::sync;
    request.answer = {request.turn.id, head.is_1_0, head.keep_alive, {}, visit.origin};
    request.turn_state = turn_state_of(head.headers);
    request.create = std::move(*create);
    guest.wants = std::move(request);
    guest.leftover = reader.take_leftover();
    guest.ticket = std::move(*visit.ticket);
    let_in_(std::move(visit.stream), std::move(guest));
}

} // namespace turngate::gateway
