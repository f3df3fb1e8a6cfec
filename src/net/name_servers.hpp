#pragma once

#include "turngate/net/task.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace turngate::net {

using Addresses = std::vector<asio::ip::address>;

// Asks the name servers of /etc/resolv.conf, and /etc/hosts before them, through c-ares, whose
// sockets are watched by the loop: nothing here blocks. A question ends by itself, some seconds
// after the last server fell silent. Single loop.
class NameServers
{
public:
    struct Answer
    {
        Addresses addresses;
        std::chrono::seconds ttl{};
        boost::system::error_code failure; // set: there are no addresses
    };
    using Told = std::function<void(Answer)>;

    explicit NameServers(asio::io_context& context);
    ~NameServers(); // nobody is told any more

    // `family`: AF_INET or AF_INET6. `told` is called once, perhaps before this returns.
    void ask(const std::string& host, int family, Told told);

    // These instead of those of /etc/resolv.conf: "192.0.2.1:53,[2001:db8::1]:53". Questions that
    // run are asked again.
    void use(std::string servers);

private:
    class Channel;
    struct Question
    {
        NameServers& owner;
        std::string host;
        int family;
        Told told;
    };
    // Which /etc/resolv.conf it was.
    using Version = std::pair<std::uint64_t, std::int64_t>;

    static Version version();
    boost::system::error_code open(); // the channel, if there is none
    void begin(std::list<Question>::iterator question);
    void renew();
    void answered(Question& question, Answer answer);

    asio::io_context& context_;
    std::string servers_;
    Version version_{};
    std::list<Question> questions_;
    std::shared_ptr<Channel> channel_;
};

} // namespace turngate::net
