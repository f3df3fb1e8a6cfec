#pragma once

#include "turngate/net/stream.hpp"

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

// "host:port", "[v6]:port" or "unix:/path" (a stale socket file without a listener is replaced).
// Throws std::runtime_error naming the address.
ListenSocket listen_on(const std::string& address, unsigned loops);

// Accepts on one descriptor until close().
class Acceptor
{
public:
    // peer: the address without port; "unix" for unix sockets.
    using OnAccept = std::function<void(Socket socket, std::string peer)>;

    Acceptor(Loop& loop, int descriptor, OnAccept on_accept);
    ~Acceptor();

    Task<> run();
    void close() noexcept;

private:
    struct Parts;
    Loop& loop_;
    std::unique_ptr<Parts> parts_;
    OnAccept on_accept_;
};

} // namespace turngate::net
