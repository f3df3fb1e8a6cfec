// What is asked about a response by its id goes to its log, or else to its account (http.md section
// 10).
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
    const auto loop = asks.what == What::input_items ? std::nullopt // which a log has not
                                                     : places_.find(guest.facts.tenant, asks.id);
    AnswerFacts facts{request_id, head.is_1_0, head.keep_alive};
    if (loop)
        guest.wants = LogQuestion{std::move(asks), *loop, std::move(facts)};
    else
        guest.wants = StoredQuestion{std::move(asks), std::move(facts)};
    guest.leftover = reader.take_leftover();
    guest.ticket = std::move(*visit.ticket);
    let_in_(std::move(visit.stream), std::move(guest));
}

} // namespace turngate::gateway
