#pragma once

#include "client_address.hpp"
#include "guest.hpp"
#include "rooms.hpp"

#include "turngate/net/http.hpp"
#include "turngate/net/listener.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/net/tls.hpp"

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turngate::gateway {

// How clients come to one loop: from accept to a refusal, or to a guest who is let in. Who is
// beyond a limit is told so while few are, and else closed at once. On its loop's thread.
class Entrance
{
public:
    // To be answered with their 101, on whichever loop.
    using LetIn = std::function<void(net::Stream stream, std::shared_ptr<Guest> guest)>;

    Entrance(Rooms& rooms,
             std::shared_ptr<SocketCounts> counts,
             std::shared_ptr<const net::TlsContext> tls,
             LetIn let_in);
    ~Entrance();

    // `below`: descriptors from there on are not for clients.
    void accept_on(int descriptor, int below);

    // For those who come from now on.
    void replace(const config::Server& server);
    void replace(std::shared_ptr<const net::TlsContext> tls);

    void close();         // accepts no more
    net::Task<> finish(); // nor waits for anyone who has not asked yet

private:
    using Ticket = SocketCounts::Ticket;
    class AtDoor;

    void arrive(net::Socket socket, std::string peer);
    void turn_away(const std::string& peer);
    net::Task<> meet(net::Socket socket, std::string peer, std::optional<Ticket> ticket);
    std::shared_ptr<Guest> welcome(net::HttpRequest& request,
                                   const access::Principal& principal,
                                   std::string client_ip);
    net::Task<> answer(net::Stream& stream, net::HttpResponse response, bool is_head);

    Rooms& rooms_;
    std::shared_ptr<SocketCounts> counts_;
    std::shared_ptr<const net::TlsContext> tls_; // null: plain
    LetIn let_in_;
    TrustedProxies proxies_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    std::list<net::Stream*> at_door_; // not upgraded yet
    unsigned beyond_limits_ = 0;      // of them
    std::uint64_t turned_away_ = 0;   // since it was logged
    core::Deadline logged_{};
    net::TaskGroup tasks_;
};

} // namespace turngate::gateway
