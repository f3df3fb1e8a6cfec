#include "redis_connection.hpp"

#include "redis_keys.hpp"
#include "redis_script.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <utility>

namespace turngate::state {
namespace {

using core::Clock;

// Under way at once, for one loop: at 50 ms each more than a busy loop ever has.
constexpr std::size_t kMostCalls = 4'096;

const Script kProbe(R"(
redis.call('HSET', KEYS[1], 'a', '1')
redis.call('ZADD', KEYS[2], 1, 'a')
redis.call('EXPIRE', KEYS[1], 60)
redis.call('EXPIRE', KEYS[2], 60)
redis.call('PUBLISH', ARGV[1], '')
return redis.call('ZCARD', KEYS[2])
)");

// A name being resolved; it may outlive who asked.
struct Resolution
{
    using Resolver = net::asio::ip::basic_resolver<net::asio::ip::tcp, net::Executor>;

    explicit Resolution(net::Loop& loop) : resolver(loop.context()), event(loop) {}

    Resolver resolver;
    net::Event event;
    std::vector<std::string> addresses;
};

// A coroutine that waits for an answer; it may be gone with its loop when the answer comes.
struct Waiting
{
    explicit Waiting(net::Loop& loop) : event(loop) {}

    net::Event event;
    Answer answer;
};

} // namespace

RedisConnection::RedisConnection(net::Loop& loop,
                                 const config::Redis& config,
                                 RedisCounters& counters)
    : loop_(loop), config_(config), counters_(counters), socket_(loop, *this),
      self_(std::make_shared<RedisConnection*>(this)), timer_(loop.context()), connected_(loop),
      closed_(loop)
{
}

RedisConnection::~RedisConnection()
{
    *self_ = nullptr;
}

net::Task<bool> RedisConnection::open(core::Deadline deadline, net::Stop& stop)
{
    closed_.reset();
    why_closed_ = "cannot resolve the host";
    const auto found = co_await addresses(deadline, stop);
    for (const std::string& address : found) {
        const bool is_connected = co_await connect(address, deadline, stop);
        if (!is_connected)
            continue;
        is_ready_ = co_await introduce();
        if (is_ready_)
            co_return true;
    }
    socket_.close();
    co_return false;
}

// A Unix socket is one address too: itself.
net::Task<std::vector<std::string>> RedisConnection::addresses(core::Deadline deadline,
                                                               net::Stop& stop)
{
    if (!config_.path.empty())
        co_return std::vector{config_.path};
    boost::system::error_code is_name;
    net::asio::ip::make_address(config_.host, is_name);
    if (!is_name)
        co_return std::vector{config_.host};
    const auto resolution = std::make_shared<Resolution>(loop_);
    resolution->resolver.async_resolve(
        config_.host, "", [resolution](boost::system::error_code, const auto& found) {
            for (const auto& entry : found)
                resolution->addresses.push_back(entry.endpoint().address().to_string());
            resolution->event.set();
        });
    co_await resolution->event.wait_until(deadline, stop);
    resolution->resolver.cancel();
    co_return std::exchange(resolution->addresses, {});
}

net::Task<bool> RedisConnection::connect(std::string address,
                                         core::Deadline deadline,
                                         net::Stop& stop)
{
    connected_.reset();
    is_connected_ = false;
    if (config_.path.empty())
        socket_.open_tcp(address, config_.port);
    else
        socket_.open_unix(address);
    const bool is_decided = co_await connected_.wait_until(deadline, stop);
    if (is_decided)
        co_return is_connected_;
    why_closed_ = "connect: too late";
    socket_.close();
    co_return false;
}

// A password, the database, and what all others do: a Redis that would refuse that (a replica, a
// full one, one whose rules do not let us) is no better than none.
net::Task<bool> RedisConnection::introduce()
{
    std::vector<Command> commands;
    if (!config_.password.empty() && config_.user.empty())
        commands.push_back({"AUTH", config_.password});
    else if (!config_.password.empty())
        commands.push_back({"AUTH", config_.user, config_.password});
    if (config_.database != 0)
        commands.push_back({"SELECT", std::to_string(config_.database)});
    commands.push_back({"SET", "tg:1:probe", "1", "PX", "60000"});
    commands.push_back(
        kProbe.by_text({"tg:1:{probe}:hash", "tg:1:{probe}:sorted"}, {kSlotsChannel}));
    commands.push_back({"HLEN", kBulletinKey});
    is_ready_ = true; // for send()
    for (Command& command : commands) {
        const Answer answer = co_await ask(std::move(command), config_.timeout);
        const bool is_fine = answer && answer->kind != Reply::Kind::error;
        if (is_fine)
            continue;
        if (answer)
            close(answer->text); // an error's; it names no secret
        else if (is_ready_)
            close("handshake: too late");
        co_return false;
    }
    co_return is_ready_;
}

void RedisConnection::send(const Command& command, OnAnswer on_answer)
{
    send(command, std::move(on_answer), config_.timeout);
}

void RedisConnection::send(const Command& command,
                           OnAnswer on_answer,
                           std::chrono::milliseconds patience)
{
    if (!is_ready_ || calls_.size() >= kMostCalls) {
        counters_.skipped.fetch_add(1, std::memory_order_relaxed);
        on_answer(std::nullopt);
        return;
    }
    counters_.operations.fetch_add(1, std::memory_order_relaxed);
    const auto now = Clock::now();
    calls_.push_back({std::move(on_answer), now, now + patience});
    socket_.send(command);
    watch(now + patience);
}

net::Task<Answer> RedisConnection::ask(Command command, std::chrono::milliseconds patience)
{
    const auto waiting = std::make_shared<Waiting>(loop_);
    const auto on_answer = [waiting](const Answer& answer) {
        waiting->answer = answer;
        waiting->event.set();
    };
    send(command, on_answer, patience);
    co_await waiting->event.wait_until(core::Deadline::max()); // send() keeps the deadline
    co_return std::move(waiting->answer);
}

void RedisConnection::subscribe(const std::string& channel, OnMessage on_message)
{
    on_message_ = std::move(on_message);
    if (is_ready_)
        socket_.subscribe(channel);
}

void RedisConnection::close(std::string_view why)
{
    socket_.close();
    on_lost(why);
}

// One timer for all calls: of most, the deadline is behind the one that is watched.
void RedisConnection::watch(core::Deadline until)
{
    if (watched_until_ <= until)
        return;
    watched_until_ = until;
    timer_.expires_at(until);
    timer_.async_wait([self = self_](boost::system::error_code error) {
        if (!*self || error)
            return;
        (*self)->watched_until_ = core::Deadline::max();
        (*self)->give_up_late_ones();
    });
}

void RedisConnection::give_up_late_ones()
{
    std::vector<OnAnswer> late;
    const auto now = Clock::now();
    auto next = core::Deadline::max();
    for (Call& call : calls_) {
        if (call.on_answer && call.until <= now)
            late.push_back(std::exchange(call.on_answer, nullptr));
        else if (call.on_answer)
            next = std::min(next, call.until);
    }
    counters_.late.fetch_add(late.size(), std::memory_order_relaxed);
    watch(next);
    for (const OnAnswer& on_answer : late)
        on_answer(std::nullopt); // one of them may close us
}

void RedisConnection::on_connected()
{
    is_connected_ = true;
    connected_.set();
}

void RedisConnection::on_reply(Reply reply)
{
    Call call = std::move(calls_.front());
    calls_.pop_front();
    if (!call.on_answer)
        return;
    counters_.count_latency(Clock::now() - call.sent_at);
    if (reply.kind == Reply::Kind::error)
        counters_.refused.fetch_add(1, std::memory_order_relaxed);
    call.on_answer(std::move(reply));
}

void RedisConnection::on_message(Reply message)
{
    on_message_(message);
}

void RedisConnection::on_lost(std::string_view why)
{
    why_closed_ = why;
    is_connected_ = false;
    connected_.set();
    if (std::exchange(is_ready_, false))
        counters_.lost.fetch_add(1, std::memory_order_relaxed);
    for (const Call& call : std::exchange(calls_, {}))
        if (call.on_answer)
            call.on_answer(std::nullopt);
    closed_.set();
}

} // namespace turngate::state
