#include "redis_link.hpp"

#include "pause.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::state {
namespace {

using core::Clock;
using namespace std::chrono_literals;

constexpr auto kConnect = 1s; // nobody waits for it
constexpr auto kSteady = 5s;  // up for so long, it is tried again soon when it is lost
constexpr auto kDoubt = 5s;   // it lets us in and refuses what we are there for

// What stays so until somebody mends it. Reads may go on as if nothing were: such a Redis is no
// better than none. Scripts wrap the word, so it may stand anywhere.
constexpr std::string_view kForAll[] = {"OOM",
                                        "NOPERM",
                                        "NOAUTH",
                                        "READONLY",
                                        "MISCONF",
                                        "LOADING",
                                        "WRONGTYPE",
                                        "MASTERDOWN",
                                        "CLUSTERDOWN",
                                        "NOREPLICAS"};

const std::string_view* find_for_all(std::string_view error)
{
    const auto found = std::ranges::find_if(
        kForAll, [&](std::string_view word) { return error.find(word) != error.npos; });
    return found == std::end(kForAll) ? nullptr : found;
}

bool is_for_all(std::string_view error)
{
    return find_for_all(error) != nullptr;
}

// What is the same in two texts about the same: they name keys and scripts too.
std::string_view cause_of(std::string_view why)
{
    const std::string_view* word = find_for_all(why);
    return word ? *word : why;
}

} // namespace

RedisLink::RedisLink(net::Loop& loop, const config::Redis& config)
    : loop_(loop), config_(config), connection_(loop, config, counters_), tasks_(loop)
{
}

void RedisLink::start()
{
    tasks_.spawn("redis", keep_up());
}

net::Task<> RedisLink::finish()
{
    stop_.request({core::FaultCode::gateway_draining, {}, "state"});
    co_await tasks_.join();
}

net::Task<> RedisLink::keep_up()
{
    Pause pause;
    net::Event wait(loop_);
    while (!stop_.requested()) {
        const bool is_open = co_await connection_.open(Clock::now() + kConnect, stop_);
        const auto since = Clock::now();
        if (is_open)
            co_await stay_up();
        const bool is_steady = is_open && Clock::now() - since > kSteady;
        is_doubted_ = is_open && !is_steady && was_refused_ && !logged_cause_.empty();
        if (is_steady)
            pause.reset();
        go_down(connection_.why_closed());
        auto next = Clock::now() + pause.next();
        if (is_doubted_)
            next += kDoubt;
        co_await wait.wait_until(next, stop_);
    }
}

net::Task<> RedisLink::stay_up()
{
    go_up();
    co_await until_lost();
    if (connection_.is_open()) {
        Command last{"PING"}; // its answer says that all before it have arrived
        co_await ask(std::move(last));
    }
    is_up_ = false;
    if (connection_.is_open())
        connection_.close("finished");
}

net::Task<> RedisLink::until_lost()
{
    const bool is_lost = co_await connection_.closed().wait_until(Clock::now() + kSteady, stop_);
    if (is_lost || stop_.requested())
        co_return;
    if (std::exchange(is_doubted_, false))
        say_there();
    logged_cause_.clear();
    co_await connection_.closed().wait_until(core::Deadline::max(), stop_);
}

void RedisLink::go_up()
{
    breaker_.on_probed();
    is_up_ = true;
    is_refusal_logged_ = false;
    was_refused_ = false;
    if (!is_doubted_)
        say_there();
    // So that what is posted runs in the order of posting: a script that is not there is sent
    // again.
    for (const Script* script : Script::all())
        connection_.send({"SCRIPT", "LOAD", script->source}, [](const Answer&) {});
    for (const auto& tell : on_up_)
        tell();
}

void RedisLink::say_there() const
{
    telemetry::log_info("redis is there", {{"loop", loop_.index()}});
}

// Once for each cause until it was there for a while: what refuses again and again says nothing
// new.
void RedisLink::go_down(std::string_view why)
{
    breaker_.on_lost();
    is_up_ = false;
    const bool is_news = std::exchange(logged_cause_, std::string(cause_of(why))) != logged_cause_;
    if (is_news && !stop_.requested())
        telemetry::log_warn("redis is away; this gateway works by itself",
                            {{"loop", loop_.index()}, {"why", why}});
}

Answer RedisLink::judge(Answer answer)
{
    if (answer && answer->kind != Reply::Kind::error) {
        breaker_.on_answer();
        return answer;
    }
    const bool refused = answer.has_value();
    if (refused && is_for_all(answer->text)) {
        was_refused_ = true;
        is_up_ = false;
        connection_.close(answer->text);
        return std::nullopt;
    }
    if (refused && !std::exchange(is_refusal_logged_, true))
        telemetry::log_warn("redis refused", {{"why", answer->text}});
    if (breaker_.on_failure()) {
        is_up_ = false;
        connection_.close(refused ? "too many refusals" : "too many answers too late");
    }
    return std::nullopt;
}

Answer RedisLink::skip()
{
    counters_.skipped.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
}

net::Task<Answer> RedisLink::ask(Command command)
{
    if (!is_up())
        co_return skip();
    Answer answer = co_await connection_.ask(std::move(command), config_.timeout);
    co_return judge(std::move(answer));
}

net::Task<Answer> RedisLink::run(const Script& script, Command keys, Command arguments)
{
    return run_for(config_.timeout, script, std::move(keys), std::move(arguments));
}

net::Task<Answer> RedisLink::run_hold(const Script& script, Command keys, Command arguments)
{
    const auto patience = std::max(config_.timeout, config_.hold_timeout);
    return run_for(patience, script, std::move(keys), std::move(arguments));
}

net::Task<Answer> RedisLink::run_for(std::chrono::milliseconds patience,
                                     const Script& script,
                                     Command keys,
                                     Command arguments)
{
    if (!is_up())
        co_return skip();
    Command command = script.by_digest(keys, arguments);
    Answer answer = co_await connection_.ask(std::move(command), patience);
    if (answer && answer->is_error("NOSCRIPT")) {
        command = script.by_text(keys, arguments);
        answer = co_await connection_.ask(std::move(command), patience);
    }
    co_return judge(std::move(answer));
}

void RedisLink::post(const Command& command, OnAnswer on_answer)
{
    if (!is_up()) {
        const Answer none = skip();
        if (on_answer)
            on_answer(none);
        return;
    }
    connection_.send(command, [this, on_answer = std::move(on_answer)](const Answer& answer) {
        const Answer judged = judge(answer);
        if (on_answer)
            on_answer(judged);
    });
}

void RedisLink::post(const Script& script, Command keys, Command arguments, OnAnswer on_answer)
{
    if (!is_up()) {
        const Answer none = skip();
        if (on_answer)
            on_answer(none);
        return;
    }
    const Command command = script.by_digest(keys, arguments);
    connection_.send(
        command,
        [this, &script, keys, arguments, on_answer = std::move(on_answer)](const Answer& answer) {
            if (answer && answer->is_error("NOSCRIPT")) {
                post(script.by_text(keys, arguments), on_answer);
                return;
            }
            const Answer judged = judge(answer);
            if (on_answer)
                on_answer(judged);
        });
}

} // namespace turngate::state
