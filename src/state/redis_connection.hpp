#pragma once

#include "redis_counters.hpp"
#include "redis_socket.hpp"

#include "turngate/net/event.hpp"

#include <deque>
#include <functional>

namespace turngate::state {

// One connection to Redis, from dial to loss, for one loop. Every command is answered, or given up
// at its deadline, by default `timeout` after it was sent; one timer for all of them. It never
// blocks, and holds a bounded number of commands.
class RedisConnection final : private RedisSocket::Listener
{
public:
    using OnAnswer = std::function<void(const Answer&)>;
    using OnMessage = std::function<void(const Reply&)>;

    RedisConnection(net::Loop& loop, const config::Redis& config, RedisCounters& counters);
    ~RedisConnection();

    // Connects, authenticates and selects the database; false: it could not, and is closed.
    net::Task<bool> open(core::Deadline deadline, net::Stop& stop);
    bool is_open() const noexcept { return is_ready_; }

    // Calls back exactly once, on this loop: with nothing if there is no answer in time, at once
    // if it is not open. An error of Redis is an answer here.
    void send(const Command& command, OnAnswer on_answer);
    net::Task<Answer> ask(Command command, std::chrono::milliseconds patience);

    void subscribe(const std::string& channel, OnMessage on_message);

    void close(std::string_view why);
    // Set when it closes, whoever closes it.
    net::Event& closed() noexcept { return closed_; }
    const std::string& why_closed() const noexcept { return why_closed_; }

private:
    struct Call
    {
        OnAnswer on_answer; // empty: given up
        core::Deadline sent_at;
        core::Deadline until;
    };

    void send(const Command& command, OnAnswer on_answer, std::chrono::milliseconds patience);

    net::Task<std::vector<std::string>> addresses(core::Deadline deadline, net::Stop& stop);
    net::Task<bool> connect(std::string address, core::Deadline deadline, net::Stop& stop);
    net::Task<bool> introduce();
    void watch(core::Deadline until);
    void give_up_late_ones();

    void on_connected() override;
    void on_reply(Reply reply) override;
    void on_message(Reply message) override;
    void on_lost(std::string_view why) override;

    net::Loop& loop_;
    const config::Redis& config_;
    RedisCounters& counters_;
    RedisSocket socket_;
    std::deque<Call> calls_; // without an answer, oldest first
    std::shared_ptr<RedisConnection*>
        self_; // null in it once we are gone: for what cannot be cancelled
    net::Timer timer_;
    core::Deadline watched_until_ = core::Deadline::max();
    net::Event connected_;
    net::Event closed_;
    bool is_connected_ = false;
    bool is_ready_ = false;
    std::string why_closed_;
    OnMessage on_message_;
};

} // namespace turngate::state
