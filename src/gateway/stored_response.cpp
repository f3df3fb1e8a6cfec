#include "stored_response.hpp"

#include "header_policy.hpp"
#include "response_answer.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using core::FaultCode;
using What = ResponseQuestion::What;

constexpr std::uint64_t kMostBytes = 64 << 20; // as of any event

// Whatever an account gives for ids: one segment of a path.
std::string encoded(std::string_view id)
{
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string text;
    for (const char c : id) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '~';
        if (is_plain)
            text.push_back(c);
        else
            text.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
    return text;
}

upstream::AccountQuestion question_of(const ResponseQuestion& asks)
{
    upstream::AccountQuestion question;
    question.method = asks.what == What::remove ? "DELETE" : "GET";
    question.path = "/responses/" + encoded(asks.id);
    if (asks.what == What::input_items)
        question.path += "/input_items";
    question.query = asks.query;
    question.most_bytes = kMostBytes;
    return question;
}

} // namespace

net::Task<core::Result<protocol::HttpAnswer>> ask_account(Rooms& rooms,
                                                          const SessionFacts& facts,
                                                          const ResponseQuestion& asks,
                                                          const state::Binding& binding,
                                                          core::ByteBudget::Share& share,
                                                          net::Stop& stop)
{
    const auto snapshot = rooms.snapshot;
    const auto principal = snapshot->keys.find(facts.secret);
    if (!principal || principal->tenant != facts.tenant)
        co_return cannot_ask({FaultCode::invalid_api_key, {}, "asked by id"});
    const auto account = snapshot->accounts.find(binding.account);
    if (!account || !account->serves(principal->group))
        co_return cannot_ask({FaultCode::no_account, {}, "asked by id"});
    auto question = question_of(asks);
    const auto headers = forwardable(facts.forward, account->config.forward_headers);
    const auto deadline = core::Clock::now() + snapshot->config->http.account_timeout;
    auto told =
        co_await rooms.pool.ask(account, std::move(question), headers, share, deadline, stop);
    if (told)
        co_return answer_of_account(asks, std::move(*told));
    if (told.error().code == FaultCode::client_gone)
        co_return told.error();
    co_return cannot_ask(told.error());
}

} // namespace turngate::gateway
