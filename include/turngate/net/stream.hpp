#pragma once

#include "turngate/core/fault.hpp"
#include "turngate/net/loop.hpp"
#include "turngate/net/stop.hpp"
#include "turngate/net/tls.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct ssl_st;

namespace turngate::net {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using boost::system::error_code;

enum class IoState : std::uint8_t { done, wants_read, wants_write, failed };

// What a try brought. failed: error says why; end of stream is asio::error::eof.
struct IoResult
{
    IoState state = IoState::done;
    std::size_t size = 0;
    error_code error{};
};

// A connected byte stream: TCP or unix socket, plain or TLS (OpenSSL straight on the descriptor, so
// an idle one holds no buffers of ours). Reading and writing are tries that never block, and `wait`
// for readiness between them; so the caller chooses the buffer when there is something to read.
class Stream
{
public:
    explicit Stream(Socket socket);
    ~Stream();
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;

    IoResult try_read(std::span<char> into) noexcept;
    IoResult try_write(std::string_view bytes) noexcept;
    // Plain streams: one writev for all. TLS: as many tries. size counts over the pieces.
    IoResult try_write(std::span<const std::string_view> pieces) noexcept;

    // Bytes that were received but not yet read: `wait` would not see them (TLS only).
    bool has_buffered() const noexcept;

    enum class Ready : std::uint8_t { read, write };
    // Until the socket is ready or closed. One waiter in each direction.
    Task<error_code> wait(Ready direction);

    // All of it, or a fault upstream_timeout / upstream_lost with the cause. The stream is closed
    // when the deadline comes or the stop is requested first.
    Task<core::Result<>> write_all(std::string_view bytes,
                                   core::Deadline deadline,
                                   Stop* stop = nullptr);
    // At least one byte.
    Task<core::Result<std::size_t>> read_some(std::span<char> into,
                                              core::Deadline deadline,
                                              Stop* stop = nullptr);

    // Until it can be written to: a connect in progress has ended. Same deadline and stop rules.
    Task<core::Result<>> writable(core::Deadline deadline, Stop* stop = nullptr);

    // server_name (client side): for SNI and verification; an address is verified as such.
    Task<core::Result<>> start_tls(const TlsContext& context,
                                   const std::string& server_name,
                                   core::Deadline deadline,
                                   Stop* stop = nullptr);

    // Says "no more" and reads what the peer still sends until it closes too, so that our last
    // bytes are not lost to a reset; a second at most.
    Task<> linger(core::Deadline deadline);

    void close() noexcept; // now; every wait ends with operation_aborted
    bool is_open() const noexcept { return descriptor_ >= 0; }
    bool is_tls() const noexcept { return tls_ != nullptr; }

    // A stream on its way to another loop, or back to this one's Asio: with its TLS, if it has any.
    // Closed if nobody adopts it.
    class Parcel;
    Parcel pack();
    // From here on the stream is only tried, not waited for: its owner watches the descriptor
    // itself.
    int leave_asio();
    Socket& socket() noexcept { return socket_; }

private:
    struct FreeTls
    {
        void operator()(ssl_st* tls) const noexcept;
    };
    using Tls = std::unique_ptr<ssl_st, FreeTls>;

    friend Stream adopt(Loop& loop, Parcel parcel);

    Socket socket_; // closed after leave_asio()
    int descriptor_ = -1;
    Tls tls_;
};

class Stream::Parcel
{
public:
    // A connected descriptor.
    explicit Parcel(int descriptor, Tls tls = {}) noexcept
        : descriptor_(descriptor), tls_(std::move(tls))
    {
    }
    ~Parcel();
    Parcel(Parcel&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), tls_(std::move(other.tls_))
    {
    }
    Parcel& operator=(Parcel&&) = delete;

private:
    friend Stream adopt(Loop& loop, Parcel parcel);

    int descriptor_;
    Tls tls_;
};

// From here on the stream is that loop's.
Stream adopt(Loop& loop, Stream::Parcel parcel);

} // namespace turngate::net
