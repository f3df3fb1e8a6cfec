#pragma once

#include "redis_reply.hpp"

#include "turngate/config/config.hpp"
#include "turngate/net/loop.hpp"

#include <memory>

struct redisAsyncContext;

namespace turngate::state {

// hiredis on a loop: connects, writes commands in batches (what one handler appends is one write),
// reads replies in order. Knows nothing of deadlines.
class RedisSocket
{
public:
    class Listener
    {
    public:
        virtual void on_connected() = 0;
        virtual void on_reply(Reply reply) = 0; // to the oldest command without one
        virtual void on_message(Reply message) = 0;
        virtual void on_lost(std::string_view why) = 0; // or never connected; it is closed then

    protected:
        ~Listener() = default;
    };

    RedisSocket(net::Loop& loop, Listener& listener) : loop_(loop), listener_(listener) {}
    ~RedisSocket();
    RedisSocket(const RedisSocket&) = delete;
    RedisSocket& operator=(const RedisSocket&) = delete;

    // Begins to connect; the listener hears of the end. `address` is numeric.
    void open_tcp(const std::string& address, std::uint16_t port);
    void open_unix(const std::string& path);
    bool is_open() const noexcept { return context_ != nullptr; }

    void send(const Command& command);
    void subscribe(const std::string& channel); // then no more send()

    // The listener hears no more of this connection.
    void close() noexcept;

private:
    struct Watch;
    struct Hooks;

    void adopt(redisAsyncContext* context);
    void lose(std::string_view why);

    net::Loop& loop_;
    Listener& listener_;
    redisAsyncContext* context_ = nullptr;
};

} // namespace turngate::state
