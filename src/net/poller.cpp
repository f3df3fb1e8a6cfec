#include "turngate/net/poller.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace turngate::net {
namespace {

int make_epoll()
{
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0)
        throw std::runtime_error(std::string("epoll: ") + std::strerror(errno));
    return descriptor;
}

} // namespace

Poller::Poller(asio::io_context& context) : epoll_(context, make_epoll())
{
    wait();
}

Poller::~Poller() = default;

void Poller::add(int descriptor, Client& client)
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &client;
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        again(client); // it finds out by reading what is wrong with it
}

void Poller::remove(int descriptor, Client& client) noexcept
{
    epoll_event unused{};
    ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, descriptor, &unused);
    for (epoll_event& event : batch_)
        if (event.data.ptr == &client)
            event.data.ptr = nullptr;
    std::replace(again_.begin(), again_.end(), &client, static_cast<Client*>(nullptr));
}

void Poller::again(Client& client)
{
    again_.push_back(&client);
    if (!std::exchange(calls_again_, true))
        asio::post(epoll_.get_executor(), [this] { call_again(); });
}

void Poller::call_again()
{
    calls_again_ = false;
    // What they ask for meanwhile comes next time; remove() reaches those that wait here by index,
    // not by iterator.
    const std::size_t count = again_.size();
    for (std::size_t i = 0; i < count; ++i)
        if (Client* client = std::exchange(again_[i], nullptr))
            client->on_ready(EPOLLIN);
    again_.erase(again_.begin(), again_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Poller::wait()
{
    epoll_.async_wait(Descriptor::wait_read, [this](boost::system::error_code error) {
        if (error)
            return;
        poll();
        wait();
    });
}

void Poller::poll()
{
    const int count =
        ::epoll_wait(epoll_.native_handle(), ready_.data(), static_cast<int>(ready_.size()), 0);
    batch_ = {ready_.data(), static_cast<std::size_t>(std::max(count, 0))};
    while (!batch_.empty()) {
        const epoll_event event = batch_.front();
        batch_ = batch_.subspan(1);
        if (event.data.ptr)
            static_cast<Client*>(event.data.ptr)->on_ready(event.events);
    }
}

} // namespace turngate::net
