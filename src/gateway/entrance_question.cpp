// What is asked about a response by its id (http.md section 10).
#include "entrance.hpp"
#include "event_logs.hpp"
#include "request_body.hpp"
#include "response_answer.hpp"

#include "turngate/core/id.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using What = ResponseQuestion::What;

constexpr std::uint64_t kMaxBody = 64 * 1024; // of which nothing is read

} // namespace

// Of a response whose log is not here: what was made for a client that waited is the account's to
// tell. Nothing: not ours to tell either.
net::Task<std::optional<protocol::HttpAnswer>> Entrance::ask_account(const ResponseQuestion& asks,
                                                                     const SessionFacts& facts)
{
    if (asks.what != What::cancel)
        co_return std::nullopt;
    const auto binding = co_await rooms_.store.find_response(facts.tenant, asks.id);
    if (!binding)
        co_return std::nullopt;
    co_return cannot_cancel();
}

net::Task<> Entrance::take_question(Visit& visit,
                                    net::RequestReader& reader,
                                    const net::HttpRequest& head,
                                    ResponseQuestion asks,
                                    Guest guest)
{
    if (!reader.is_whole()) {
        core::ByteBudget::Share share(client_bytes_.unfinished);
        auto body = co_await read_body(visit.stream, reader, head, kMaxBody, share);
        if (auto* refusal = std::get_if<Refusal>(&body)) {
            co_await answer(visit.stream, std::move(*refusal), false);
            co_return;
        }
    }
    const std::string request_id = core::uuid7();
    if (!asks.odd_param.empty()) {
        auto refusal = odd_parameter(asks.odd_param);
        co_await answer_and_stay(visit, reader, head, std::move(refusal), request_id);
        co_return;
    }
    if (const auto loop = places_.find(guest.facts.tenant, asks.id)) {
        guest.wants =
            LogQuestion{std::move(asks), *loop, {request_id, head.is_1_0, head.keep_alive}};
        guest.leftover = reader.take_leftover();
        guest.ticket = std::move(*visit.ticket);
        let_in_(std::move(visit.stream), std::move(guest));
        co_return;
    }
    auto told = co_await ask_account(asks, guest.facts);
    protocol::HttpAnswer answer = told ? std::move(*told) : response_not_found(asks.id);
    co_await answer_and_stay(visit, reader, head, std::move(answer), request_id);
}

} // namespace turngate::gateway
