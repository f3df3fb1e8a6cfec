#pragma once

#include "client_address.hpp"
#include "client_bytes.hpp"
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

class LogPlaces;

// How clients come to one loop: from accept to a refusal, or to a guest who is let in. Who is
// beyond a limit is told so while few are, and else closed at once. On its loop's thread.
class Entrance
{
public:
    // To be answered on whichever loop.
    using LetIn = std::function<void(net::Stream stream, Guest guest)>;

    Entrance(Rooms& rooms,
             ClientBytes& client_bytes,
             const LogPlaces& places,
             std::shared_ptr<SocketCounts> counts,
             std::shared_ptr<const net::TlsContext> tls,
             LetIn let_in);
    ~Entrance();

    // `below`: descriptors from there on are not for clients.
    void accept_on(int descriptor, int below);

    // A connection whose request was answered, for its next one.
    void stay(net::Stream stream,
              std::string leftover,
              std::string peer,
              SocketCounts::Ticket ticket);

    // For those who come from now on.
    void replace(const config::Server& server);
    void replace(std::shared_ptr<const net::TlsContext> tls);

    void close();         // accepts no more, and lets go who asks for nothing now
    net::Task<> finish(); // nor waits for anyone who has not asked yet

private:
    using Ticket = SocketCounts::Ticket;
    class AtDoor;

    // A connection that was just accepted, or is back for its next request.
    struct Visit
    {
        net::Stream stream;
        std::string peer;
        std::optional<Ticket> ticket; // none: it is beyond a limit
        std::string leftover{};
        bool is_next = false;
        bool is_silent = true; // nothing of its request has come
        std::string origin{};  // of a page in a browser that may read the answer; empty: none
    };

    void arrive(net::Socket socket, std::string peer);
    void turn_away(const std::string& peer);
    net::Task<> meet(Visit visit);
    net::Task<> take_request(Visit& visit,
                             net::RequestReader& reader,
                             const net::HttpRequest& head,
                             protocol::Endpoint endpoint,
                             Guest guest);
    net::Task<> take_question(Visit& visit,
                              net::RequestReader& reader,
                              const net::HttpRequest& head,
                              ResponseQuestion asks,
                              Guest guest);
    net::Task<> take_models_question(Visit& visit,
                                     net::RequestReader& reader,
                                     const net::HttpRequest& head,
                                     std::string model,
                                     Guest guest);
    net::Task<bool> pass_body(Visit& visit,
                              net::RequestReader& reader,
                              const net::HttpRequest& head);
    net::Task<> answer_and_stay(Visit& visit,
                                net::RequestReader& reader,
                                const net::HttpRequest& head,
                                protocol::HttpAnswer answer,
                                std::string request_id);
    boost::system::result<protocol::HttpCreate, protocol::Rejection> read_create(
        std::string_view body, protocol::Endpoint endpoint);
    bool has_compaction(const SessionFacts& facts) const;
    net::Task<> find_session(const protocol::ClientEvent& create, SessionFacts& facts);
    Guest welcome(const net::HttpRequest& request,
                  const access::Principal& principal,
                  std::string client_ip) const;
    net::Task<> answer(Visit& visit, net::HttpResponse response, bool is_head = false);

    Rooms& rooms_;
    ClientBytes& client_bytes_;
    const LogPlaces& places_;
    std::shared_ptr<SocketCounts> counts_;
    std::shared_ptr<const net::TlsContext> tls_; // null: plain
    LetIn let_in_;
    TrustedProxies proxies_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    std::list<Visit*> at_door_;     // not let in yet
    unsigned beyond_limits_ = 0;    // of them
    std::uint64_t turned_away_ = 0; // since it was logged
    core::Deadline logged_{};
    net::TaskGroup tasks_;
};

} // namespace turngate::gateway
