#pragma once

#include "turngate/net/stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace turngate::fakes {

// The far end of a socket pair: bytes, and no rules.
class RawPeer
{
public:
    explicit RawPeer(int fd) : fd_(fd) {}
    RawPeer(RawPeer&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_))
    {
    }
    RawPeer& operator=(RawPeer&&) = delete;
    ~RawPeer() { vanish(); }

    // As much as the socket takes; all of it, in tests that do not fill it.
    std::size_t send(std::string_view bytes) const
    {
        const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }

    // All that has arrived since the beginning.
    const std::string& received()
    {
        char bytes[16 * 1024];
        for (;;) {
            const auto n = fd_ < 0 ? 0 : ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
            if (n <= 0) {
                is_ended_ = is_ended_ || n == 0 || errno == ECONNRESET;
                return received_;
            }
            received_.append(bytes, static_cast<std::size_t>(n));
        }
    }
    // The other side has closed.
    bool is_ended()
    {
        received();
        return is_ended_;
    }

    void vanish() { ::close(std::exchange(fd_, -1)); }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
    std::string received_;
    bool is_ended_ = false;
};

struct Pair
{
    net::Stream stream;
    RawPeer peer;
};

inline Pair make_pair(net::Loop& loop)
{
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        throw std::runtime_error("socketpair");
    return {net::adopt(loop, net::Stream::Parcel(fds[0])), RawPeer(fds[1])};
}

} // namespace turngate::fakes
