#include "redis_budgets.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace turngate::state {
namespace {

constexpr auto kALittle = std::chrono::milliseconds(50); // for a loop that is busy

} // namespace

RedisBudgets::RedisBudgets(const RedisLinks& links, std::chrono::milliseconds lease) : links_(links)
{
    unsigned loop = 0;
    for (const auto& link : links_.all())
        leases_.push_back(std::make_unique<BudgetLeases>(*link, local_, loop++, lease));
}

unsigned RedisBudgets::index_of(const net::Executor& executor) const noexcept
{
    for (unsigned i = 0; i < leases_.size(); ++i)
        if (loop_of(i).executor() == executor)
            return i;
    return Claims::kNoLoop;
}

unsigned RedisBudgets::first_up() const noexcept
{
    for (unsigned i = 0; i < leases_.size(); ++i)
        if (links_.all()[i]->is_up())
            return i;
    return Claims::kNoLoop;
}

void RedisBudgets::start(net::Loop& loop)
{
    leases_[index_of(loop.executor())]->start();
}

void RedisBudgets::end() noexcept
{
    leases_.clear();
}

void RedisBudgets::tell_all()
{
    for (unsigned i = 0; i < leases_.size(); ++i)
        loop_of(i).post([&leases = *leases_[i]] { leases.tell_all(); });
}

net::Task<core::Result<Hold>> RedisBudgets::hold(HoldRequest request)
{
    const net::Executor executor = co_await net::asio::this_coro::executor;
    const unsigned loop = index_of(executor);
    const Verdict here = local_.hold_now(request, loop);
    if (here.word != Verdict::Word::held)
        co_return refusal(here.word);
    // Goes when we are refused, or cancelled.
    Hold held(shared_from_this(), request.subject, request.id, here.amount);
    if (loop == Claims::kNoLoop)
        co_return std::move(held);
    const auto everywhere = co_await leases_[loop]->take(request);
    if (!everywhere)
        co_return std::move(held);
    if (everywhere->word != Verdict::Word::held)
        co_return refusal(everywhere->word);
    if (everywhere->amount == here.amount)
        co_return std::move(held);
    // What is renewed is what is here.
    local_.change(request, everywhere->amount, loop);
    held.set_amount(everywhere->amount);
    co_return std::move(held);
}

// On the loop that took it: there it is behind the hold and in order with the renewals.
void RedisBudgets::settle(const std::string& subject,
                          const std::string& id,
                          std::vector<Charge> charges) noexcept
try {
    Claims::Settled settled = local_.settle_now(subject, id, std::move(charges));
    if (leases_.empty() || settled.loop == Claims::kNoLoop)
        return;
    const auto tell =
        [&leases = *leases_[settled.loop], subject, id, charges = std::move(settled.charges)] {
            leases.settle(subject, id, charges);
        };
    net::asio::dispatch(loop_of(settled.loop).context(), tell);
} catch (const std::exception& bug) {
    telemetry::log_error("a hold could not be settled", {{"what", bug.what()}});
}

void RedisBudgets::charge(const std::string& subject, std::vector<Charge> charges)
{
    local_.charge_now(subject, std::move(charges), 0);
    if (!leases_.empty())
        loop_of(0).post([&leases = *leases_[0], subject] { leases.tell_soon(subject); });
}

// Through any loop: a report that comes before what it reports is right too.
void RedisBudgets::report(std::string_view subject,
                          Spending spent,
                          const std::vector<std::string>& uids)
{
    const std::string name(subject);
    const bool is_news = local_.report_now(name, spent, uids);
    if (!is_news || leases_.empty())
        return;
    loop_of(0).post([&leases = *leases_[0], name, uids] { leases.report(name, uids); });
}

std::vector<core::NanoUsd> RedisBudgets::held(const std::vector<std::string>& subjects)
{
    const auto time = links_.config().timeout;
    const unsigned loop = first_up();
    std::vector<core::NanoUsd> here = local_.held(subjects);
    if (subjects.empty() || loop == Claims::kNoLoop)
        return here;
    const auto question = std::make_shared<HeldQuestion>();
    question->subjects = subjects;
    question->deadline = core::Clock::now() + time;
    question->sums = here;
    std::future<void> answered = question->answered.get_future();
    loop_of(loop).post([&leases = *leases_[loop], question] { leases.answer(question); });
    if (answered.wait_for(time + kALittle) != std::future_status::ready)
        return here;
    return question->sums;
}

} // namespace turngate::state
