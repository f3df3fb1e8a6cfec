#include "turngate/admin/ledger_threads.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>

namespace turngate::admin {
namespace {

Answer too_late()
{
    return refusal(504,
                   "The usage repository did not answer in time. Ask for less, or use the command "
                   "line: turngate usage, which waits.",
                   "repository_timeout");
}

Answer too_many()
{
    return refusal(
        503, "Too many questions to the usage repository are waiting.", "repository_busy");
}

Answer ending()
{
    return refusal(503, "The gateway is ending.", "gateway_draining");
}

} // namespace

struct LedgerThreads::Question
{
    Question(net::Loop& loop, Work w, core::Deadline u) : work(std::move(w)), until(u), over(loop)
    {
    }

    const Work work;
    const core::Deadline until;
    Answer answer; // the loop's, like `over`
    net::Event over;
};

struct LedgerThreads::Parts
{
    Parts(net::Loop& l, const Options& options, Open o);

    bool take(std::shared_ptr<Question> question, std::size_t most);
    void drop(const Question& question);

    void keep_answering(const std::stop_token& stop);
    std::shared_ptr<Question> next(const std::stop_token& stop);
    Answer answer(const Question& question);

    net::Loop& loop;
    const Open open;

    std::mutex mutex;
    std::condition_variable_any changed;
    std::deque<std::shared_ptr<Question>> waiting;
    std::size_t running = 0; // threads
    std::vector<std::jthread> threads;
};

LedgerThreads::Parts::Parts(net::Loop& l, const Options& options, Open o)
    : loop(l), open(std::move(o)), running(options.threads)
{
    for (unsigned i = 0; i < options.threads; ++i)
        threads.emplace_back([this](const std::stop_token& stop) { keep_answering(stop); });
}

bool LedgerThreads::Parts::take(std::shared_ptr<Question> question, std::size_t most)
{
    const std::lock_guard lock(mutex);
    if (waiting.size() >= most)
        return false;
    waiting.push_back(std::move(question));
    changed.notify_one();
    return true;
}

void LedgerThreads::Parts::drop(const Question& question)
{
    const std::lock_guard lock(mutex);
    std::erase_if(waiting, [&](const auto& each) { return each.get() == &question; });
}

void LedgerThreads::Parts::keep_answering(const std::stop_token& stop)
{
    while (auto question = next(stop)) {
        Answer answered = answer(*question);
        // The question goes back to the loop, whose timer it holds.
        loop.post([question = std::move(question), answered = std::move(answered)]() mutable {
            question->answer = std::move(answered);
            question->over.set();
        });
    }
    const std::lock_guard lock(mutex);
    --running;
    changed.notify_all();
}

// Null: stop.
std::shared_ptr<LedgerThreads::Question> LedgerThreads::Parts::next(const std::stop_token& stop)
{
    std::unique_lock lock(mutex);
    changed.wait(lock, stop, [this] { return !waiting.empty(); });
    if (stop.stop_requested())
        return nullptr;
    auto question = std::move(waiting.front());
    waiting.pop_front();
    return question;
}

Answer LedgerThreads::Parts::answer(const Question& question)
{
    try {
        const auto ledger = open(question.until);
        ledger->give_up_at(question.until);
        return question.work(*ledger);
    } catch (const std::invalid_argument& bad) {
        return refusal(400, bad.what(), "invalid_parameter");
    } catch (const usage::OutOfTime& late) {
        telemetry::log_warn("repository question given up", {{"what", late.what()}});
        return too_late();
    } catch (const std::exception& failure) {
        telemetry::log_error("repository cannot be asked", {{"what", failure.what()}});
        return refusal(503, "The usage repository cannot be read.", "repository_down");
    }
}

LedgerThreads::LedgerThreads(net::Loop& loop, Options options, Open open)
    : loop_(loop), options_(options),
      parts_(std::make_unique<Parts>(loop, options, std::move(open)))
{
}

LedgerThreads::~LedgerThreads() = default;

net::Task<Answer> LedgerThreads::ask(Work work)
{
    if (is_closed_)
        co_return ending();
    const auto until = core::Clock::now() + options_.patience;
    const auto question = std::make_shared<Question>(loop_, std::move(work), until);
    if (!parts_->take(question, options_.waiting))
        co_return too_many();
    asked_.push_back(question.get());
    const bool is_answered = co_await question->over.wait_until(until);
    std::erase(asked_, question.get());
    if (is_answered)
        co_return std::move(question->answer);
    parts_->drop(*question);
    co_return is_closed_ ? ending() : too_late();
}

void LedgerThreads::close()
{
    is_closed_ = true;
    for (Question* question : asked_)
        question->over.wake();
}

bool LedgerThreads::stop(std::chrono::milliseconds within)
{
    for (std::jthread& thread : parts_->threads)
        thread.request_stop();
    std::unique_lock lock(parts_->mutex);
    return parts_->changed.wait_for(lock, within, [this] { return parts_->running == 0; });
}

} // namespace turngate::admin
