#include "turngate/net/stream.hpp"

#include "tls_result.hpp"
#include "watchdog.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace turngate::net {
namespace {

IoResult from_errno(IoState direction)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return {direction};
    return {IoState::failed, 0, error_code(errno, boost::system::system_category())};
}

} // namespace

Stream::Stream(Socket socket) : socket_(std::move(socket)), descriptor_(socket_.native_handle())
{
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
}

Stream::~Stream()
{
    close();
}

Stream::Stream(Stream&& other) noexcept
    : socket_(std::move(other.socket_)), descriptor_(std::exchange(other.descriptor_, -1)),
      tls_(std::move(other.tls_))
{
}

Stream& Stream::operator=(Stream&& other) noexcept
{
    close();
    socket_ = std::move(other.socket_);
    descriptor_ = std::exchange(other.descriptor_, -1);
    tls_ = std::move(other.tls_);
    return *this;
}

IoResult Stream::try_read(std::span<char> into) noexcept
{
    if (!is_open())
        return {IoState::failed, 0, asio::error::operation_aborted};
    if (tls_) {
        ::ERR_clear_error();
        errno = 0;
        const int n = ::SSL_read(
            tls_.get(), into.data(), static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX)));
        return n > 0 ? IoResult{IoState::done, static_cast<std::size_t>(n)}
                     : from_tls(tls_.get(), n);
    }
    const auto n = ::recv(descriptor_, into.data(), into.size(), 0);
    if (n > 0)
        return {IoState::done, static_cast<std::size_t>(n)};
    return n == 0 ? IoResult{IoState::failed, 0, asio::error::eof}
                  : from_errno(IoState::wants_read);
}

IoResult Stream::try_write(std::string_view bytes) noexcept
{
    return try_write(std::span(&bytes, 1));
}

IoResult Stream::try_write(std::span<const std::string_view> pieces) noexcept
{
    if (!is_open())
        return {IoState::failed, 0, asio::error::operation_aborted};
    if (tls_) {
        std::size_t written = 0;
        for (std::string_view piece : pieces) {
            while (!piece.empty()) {
                ::ERR_clear_error();
                errno = 0;
                const int n =
                    ::SSL_write(tls_.get(),
                                piece.data(),
                                static_cast<int>(std::min<std::size_t>(piece.size(), INT_MAX)));
                if (n <= 0) {
                    IoResult result = from_tls(tls_.get(), n);
                    result.size = written;
                    return result;
                }
                written += static_cast<std::size_t>(n);
                piece.remove_prefix(static_cast<std::size_t>(n));
            }
        }
        return {IoState::done, written};
    }

    std::size_t written = 0;
    while (!pieces.empty()) {
        std::array<iovec, 64> vectors;
        const std::size_t count = std::min(pieces.size(), vectors.size());
        std::size_t total = 0;
        for (std::size_t i = 0; i < count; ++i) {
            vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
            total += pieces[i].size();
        }
        msghdr message{};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        const auto n = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
        if (n < 0) {
            IoResult result = from_errno(IoState::wants_write);
            result.size = written;
            return result;
        }
        written += static_cast<std::size_t>(n);
        if (static_cast<std::size_t>(n) < total)
            return {IoState::wants_write, written};
        pieces = pieces.subspan(count);
    }
    return {IoState::done, written};
}

Task<error_code> Stream::wait(Ready direction)
{
    const auto what = direction == Ready::read ? Socket::wait_read : Socket::wait_write;
    const auto [error] = co_await socket_.async_wait(what, asio::as_tuple(use_task));
    co_return error;
}

Task<core::Result<>> Stream::write_all(std::string_view bytes, core::Deadline deadline, Stop* stop)
{
    const Watchdog watchdog(*this, deadline, stop);
    while (!bytes.empty()) {
        const IoResult tried = try_write(bytes);
        bytes.remove_prefix(tried.size);
        if (tried.state == IoState::failed || watchdog.is_stopped())
            co_return watchdog.fault(tried.error, "write");
        if (tried.state == IoState::done)
            continue;
        const error_code error =
            co_await wait(tried.state == IoState::wants_read ? Ready::read : Ready::write);
        if (error)
            co_return watchdog.fault(error, "write");
    }
    co_return core::Result<>();
}

Task<core::Result<std::size_t>> Stream::read_some(std::span<char> into,
                                                  core::Deadline deadline,
                                                  Stop* stop)
{
    const Watchdog watchdog(*this, deadline, stop);
    for (;;) {
        const IoResult tried = try_read(into);
        if (tried.state == IoState::done)
            co_return tried.size;
        if (tried.state == IoState::failed || watchdog.is_stopped())
            co_return watchdog.fault(tried.error, "read");
        const error_code error =
            co_await wait(tried.state == IoState::wants_read ? Ready::read : Ready::write);
        if (error)
            co_return watchdog.fault(error, "read");
    }
}

Task<core::Result<>> Stream::writable(core::Deadline deadline, Stop* stop)
{
    const Watchdog watchdog(*this, deadline, stop);
    const error_code error = co_await wait(Ready::write);
    if (error || watchdog.is_stopped())
        co_return watchdog.fault(error, "connect");
    co_return core::Result<>();
}

Task<> Stream::linger(core::Deadline deadline)
{
    if (tls_)
        ::SSL_shutdown(tls_.get());
    ::shutdown(socket_.native_handle(), SHUT_WR);
    const auto until = std::min(deadline, core::Clock::now() + std::chrono::seconds(1));
    std::array<char, 1024> dropped;
    for (;;) {
        const auto read = co_await read_some(dropped, until);
        if (!read)
            co_return;
    }
}

bool Stream::has_buffered() const noexcept
{
    return tls_ && ::SSL_has_pending(tls_.get()) == 1;
}

void Stream::close() noexcept
{
    if (!is_open())
        return;
    if (tls_) {
        ::SSL_shutdown(tls_.get()); // a close_notify if there is room for it; never waited for
        ::ERR_clear_error();
    }
    error_code ignored;
    if (socket_.is_open())
        socket_.close(ignored);
    else
        ::close(descriptor_);
    descriptor_ = -1;
}

Stream::Parcel Stream::pack()
{
    const int descriptor = leave_asio();
    descriptor_ = -1;
    return Parcel(descriptor, std::move(tls_));
}

Stream::Parcel::~Parcel()
{
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

int Stream::leave_asio()
{
    if (socket_.is_open())
        socket_.release();
    return descriptor_;
}

Stream adopt(Loop& loop, Stream::Parcel parcel)
{
    const int fd = std::exchange(parcel.descriptor_, -1);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    const int protocol = address.ss_family == AF_UNIX ? 0 : IPPROTO_TCP;
    Stream stream(
        Socket(loop.context(), asio::generic::stream_protocol(address.ss_family, protocol), fd));
    stream.tls_ = std::move(parcel.tls_);
    return stream;
}

} // namespace turngate::net
