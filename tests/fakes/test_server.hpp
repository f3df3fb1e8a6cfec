#pragma once

#include "turngate/net/http.hpp"
#include "turngate/net/listener.hpp"
#include "turngate/net/task_group.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace turngate::fakes {

// Listens on a free port and tells the same story to everyone who connects.
class TestServer
{
public:
    using Story = std::function<net::Task<>(net::Stream&)>;

    TestServer(net::Loop& loop, Story story)
        : story_(std::move(story)), tasks_(loop), listening_(net::listen_on("127.0.0.1:0", 1)),
          acceptor_(
              loop, listening_.descriptors.front(), [this](net::Socket socket, const std::string&) {
                  ++accepted_;
                  tasks_.spawn("story", tell(std::move(socket)));
              })
    {
        tasks_.spawn("acceptor", acceptor_.run());
    }

    // "127.0.0.1:12345"
    const std::string& address() const noexcept { return listening_.address; }
    std::string port() const { return listening_.address.substr(listening_.address.find(':') + 1); }
    int accepted() const noexcept { return accepted_; }

    net::Task<> finish()
    {
        acceptor_.close();
        for (net::Stream* stream : open_)
            stream->close();
        co_await tasks_.join();
    }

private:
    net::Task<> tell(net::Socket socket)
    {
        net::Stream stream(std::move(socket));
        open_.push_back(&stream);
        co_await story_(stream);
        std::erase(open_, &stream);
    }

    Story story_;
    net::TaskGroup tasks_;
    net::ListenSocket listening_;
    net::Acceptor acceptor_;
    std::vector<net::Stream*> open_;
    int accepted_ = 0;
};

} // namespace turngate::fakes
