#pragma once

#include "turngate/net/stream.hpp"

#include <climits>
#include <functional>
#include <string>
#include <vector>

namespace turngate::net {

// One bound address: with TCP, one listening descriptor for each loop (SO_REUSEPORT, so the kernel
// spreads the connections); a unix socket has one, on the first loop.
struct ListenSocket
{
    std::string address; // as bound: the real port instead of 0
    std::vector<int> descriptors;
    bool is_unix = false;
};

// "host:port", "[v6]:port" or "unix:/path" (a stale socket file without a listener is replaced):
// one socket for each address that a host name has, but for families that this machine does not
// speak. Throws std::runtime_error naming the address.
std::vector<ListenSocket> listen_on_all(const std::string& address, unsigned loops);

// On the first of them alone.
ListenSocket listen_on(const std::string& address, unsigned loops);

// Accepts on one descriptor until close(). Where descriptors from `below` on are all that is left,
// it closes what comes and pauses: those are for others (net/descriptors.hpp).
class Acceptor
{
public:
    // peer: the address without port; "unix" for unix sockets.
    using OnAccept = std::function<void(Socket socket, std::string peer)>;

    Acceptor(Loop& loop, int descriptor, OnAccept on_accept, int below = INT_MAX);
    ~Acceptor();

    Task<> run();
    void close() noexcept;

private:
    Task<> pause(std::string why);

    struct Parts;
    Loop& loop_;
    std::unique_ptr<Parts> parts_;
    OnAccept on_accept_;
    const int below_;
    core::Deadline warned_{};
};

} // namespace turngate::net
