#pragma once

#include "turngate/net/task.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace turngate::net {

// Readiness of long-lived connections, edge-triggered: registered once, then no system call but the
// reads and writes themselves. Asio re-arms a socket with one more call for each wait, which is a
// tenth of what a paced event costs. It hangs in the loop's io_context as one descriptor. Single
// loop.
class Poller
{
public:
    // Something with a registered descriptor.
    class Client
    {
    public:
        // `events`: EPOLLIN, EPOLLOUT, EPOLLRDHUP, … An edge: what is not read to the end now, or
        // asked for by `again`, is not told twice.
        virtual void on_ready(std::uint32_t events) = 0;

    protected:
        ~Client() = default;
    };

    explicit Poller(asio::io_context& context);
    ~Poller();

    // Reading and writing; tells at once if the descriptor is ready already.
    void add(int descriptor, Client& client);
    // After it returns the client is not called any more.
    void remove(int descriptor, Client& client) noexcept;
    // Calls on_ready(EPOLLIN) soon, after others had their turn.
    void again(Client& client);

private:
    void wait();
    void poll();
    void call_again();

    using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

    Descriptor epoll_;
    std::array<epoll_event, 256> ready_;
    std::span<epoll_event> batch_; // those of ready_ that are not called yet
    std::vector<Client*> again_;
    bool calls_again_ = false;
};

} // namespace turngate::net
