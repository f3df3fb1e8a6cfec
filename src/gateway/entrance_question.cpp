// What is asked that is no turn: about a response by its id, of its log or else of its account
// (http.md section 10), and which models there are.
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

// False: it was refused for it.
net::Task<bool> Entrance::pass_body(Visit& visit,
                                    net::RequestReader& reader,
                                    const net::HttpRequest& head)
{
    if (reader.is_whole())
        co_return true;
    core::ByteBudget::Share share(client_bytes_.unfinished);
    auto body = co_await read_body(visit.stream, reader, head, kMaxBody, share);
    auto* const refusal = std::get_if<Refusal>(&body);
    if (refusal)
        co_await answer(visit, std::move(*refusal));
    co_return !refusal;
}

net::Task<> Entrance::take_models_question(Visit& visit,
                                           net::RequestReader& reader,
                                           const net::HttpRequest& head,
                                           std::string model,
                                           Guest guest)
{
    const bool is_whole = co_await pass_body(visit, reader, head);
    if (!is_whole)
        co_return;
    AnswerFacts facts{core::uuid7(), head.is_1_0, head.keep_alive, {}, visit.origin};
    guest.facts.is_named = false; // any loop will do
    guest.wants = ModelsQuestion{std::move(model), std::move(facts)};
    guest.leftover = reader.take_leftover();
    guest.ticket = std::move(*visit.ticket);
    let_in_(std::move(visit.stream), std::move(guest));
}

net::Task<> Entrance::take_question(Visit& visit,
                                    net::RequestReader& reader,
                                    const net::HttpRequest& head,
                                    ResponseQuestion asks,
                                    Guest guest)
{
    const bool is_whole = co_await pass_body(visit, reader, head);
    if (!is_whole)
        co_return;
    const std::string request_id = core::uuid7();
    if (!asks.odd_param.empty()) {
        auto refusal = odd_parameter(asks.odd_param);
        co_await answer_and_stay(visit, reader, head, std::move(refusal), request_id);
        co_return;
    }
    const auto loop = asks.what == What::input_items ? std::nullopt // which a log has not
                                                     : places_.find(guest.facts.tenant, asks.id);
    AnswerFacts facts{request_id, head.is_1_0, head.keep_alive, {}, visit.origin};
    if (loop)
        guest.wants = LogQuestion{std::move(asks), *loop, std::move(facts)};
    else
        guest.wants = StoredQuestion{std::move(asks), std::move(facts)};
    guest.leftover = reader.take_leftover();
    guest.ticket = std::move(*visit.ticket);
    let_in_(std::move(visit.stream), std::move(guest));
}

} // namespace turngate::gateway
