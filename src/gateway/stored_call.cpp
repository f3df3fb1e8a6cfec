#include "stored_call.hpp"

#include "response_answer.hpp"
#include "stored_response.hpp"

#include <utility>

namespace turngate::gateway {

using core::FaultCode;
using What = ResponseQuestion::What;

StoredCall::StoredCall(
    Rooms& rooms, ClientBytes& client_bytes, Forget forget, net::Stream stream, Guest guest)
    : HttpCall(rooms, std::move(stream), std::move(guest.leftover)), forget_(std::move(forget)),
      facts_(std::move(guest.facts)), asks_(std::move(std::get<StoredQuestion>(guest.wants).asks)),
      share_(client_bytes.answers)
{
    AnswerFacts answer = std::move(std::get<StoredQuestion>(guest.wants).answer);
    answer.keep_alive = answer.keep_alive && !rooms.is_draining;
    client_ = std::make_unique<Document>(exchange_, std::move(answer));
}

net::Task<> StoredCall::answer()
{
    auto told = co_await find_answer();
    if (!told)
        co_return; // nobody is left to be told
    client_->answer(std::move(*told));
    client_->flush();
}

// The binding decides, before a byte goes up.
net::Task<core::Result<protocol::HttpAnswer>> StoredCall::find_answer()
{
    const auto binding = co_await rooms_.store.find_response(facts_.tenant, asks_.id);
    if (!binding)
        co_return response_not_found(asks_.id);
    if (asks_.what == What::cancel)
        co_return cannot_cancel();
    if (asks_.streams)
        co_return cannot_stream();
    if (asks_.what == What::remove)
        co_return co_await remove(*binding);
    if (!binding->store)
        co_return response_not_found(asks_.id);
    co_return co_await ask_account(rooms_, facts_, asks_, *binding, share_, stop_);
}

// What its account does not keep is there to be gone on from all the same.
net::Task<core::Result<protocol::HttpAnswer>> StoredCall::remove(const state::Binding& binding)
{
    core::Result<protocol::HttpAnswer> told = response_removed(asks_.id);
    if (binding.store)
        told = co_await ask_account(rooms_, facts_, asks_, binding, share_, stop_);
    const bool is_there_no_more = told && (told->status == 200 || told->status == 404);
    if (!is_there_no_more)
        co_return told;
    if (binding.session)
        forget_(*binding.session, asks_.id);
    co_await rooms_.store.forget_response(facts_.tenant, asks_.id);
    co_return told;
}

void StoredCall::on_gone()
{
    stop_.request({FaultCode::client_gone, {}, "client gone"});
}

void StoredCall::shut_down()
{
    stop_.request({FaultCode::gateway_draining, {}, "shutdown deadline"});
}

} // namespace turngate::gateway
