#include "name_servers.hpp"

#include "causes.hpp"

#include "turngate/net/loop.hpp"

#include <ares.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

namespace turngate::net {
namespace {

// A question lost on its way is asked again after 1, 3 and 7 s.
constexpr int kFirstTimeout = 1000;
constexpr int kTries = 4;

asio::ip::address to_address(const sockaddr& from)
{
    if (from.sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &from, sizeof v4);
        return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    }
    sockaddr_in6 v6;
    std::memcpy(&v6, &from, sizeof v6);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes, v6.sin6_scope_id);
}

NameServers::Answer to_answer(const ares_addrinfo& info)
{
    NameServers::Answer answer;
    int ttl = INT32_MAX;
    for (const auto* alias = info.cnames; alias; alias = alias->next)
        ttl = std::min(ttl, alias->ttl);
    for (const auto* node = info.nodes; node; node = node->ai_next) {
        ttl = std::min(ttl, node->ai_ttl);
        auto address = to_address(*node->ai_addr);
        if (std::ranges::find(answer.addresses, address) == answer.addresses.end())
            answer.addresses.push_back(std::move(address));
    }
    answer.ttl = std::chrono::seconds(ttl);
    if (answer.addresses.empty())
        answer.failure = name_cause(ARES_ENODATA);
    return answer;
}

// c-ares calls it a refused connection when it cannot open a socket.
error_code failure_of(int status)
{
    const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return {errno, boost::system::system_category()};
    ::close(probe);
    if (status == ARES_ENOMEM)
        return {ENOMEM, boost::system::system_category()};
    return name_cause(status);
}

} // namespace

// One c-ares channel, its sockets and its timer on the loop. What asio still has queued when it
// goes away finds it gone.
class NameServers::Channel : public std::enable_shared_from_this<Channel>
{
public:
    explicit Channel(asio::io_context& context) : context_(context), timer_(context) {}
    ~Channel()
    {
        if (channel_)
            ::ares_destroy(channel_); // tells ARES_EDESTRUCTION, which nobody listens to
    }

    int open(const std::string& servers)
    {
        static const int library = ::ares_library_init(ARES_LIB_INIT_ALL);
        if (library != ARES_SUCCESS)
            return library;
        ares_options options{};
        options.timeout = kFirstTimeout;
        options.tries = kTries;
        options.sock_state_cb = [](void* self, int socket, int reads, int writes) {
            static_cast<Channel*>(self)->watch(socket, reads != 0, writes != 0);
        };
        options.sock_state_cb_data = this;
        constexpr int kSet = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
        const int status = ::ares_init_options(&channel_, &options, kSet);
        if (status != ARES_SUCCESS || servers.empty())
            return status;
        return ::ares_set_servers_ports_csv(channel_, servers.c_str());
    }

    void ask(Question& question, ares_addrinfo_callback told)
    {
        ares_addrinfo_hints hints{};
        hints.ai_family = question.family;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = ARES_AI_NOSORT;
        const auto self = shared_from_this();
        ::ares_getaddrinfo(channel_, question.host.c_str(), nullptr, &hints, told, &question);
        schedule();
    }

private:
    using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

    struct Watched
    {
        Descriptor descriptor;
        std::array<bool, 2> wanted{}; // reading, writing
        std::array<bool, 2> waits{};
    };

    // The descriptor is c-ares' own: it says so before it closes one.
    void watch(int socket, bool reads, bool writes)
    {
        auto& watched = watched_[socket];
        if (!watched)
            watched = std::make_shared<Watched>(Watched{Descriptor(context_, socket)});
        watched->wanted = {reads, writes};
        if (reads || writes) {
            wait(watched);
            return;
        }
        watched->descriptor.release();
        watched_.erase(socket);
    }

    void wait(const std::shared_ptr<Watched>& watched)
    {
        for (const std::size_t way : {0, 1}) {
            if (!watched->descriptor.is_open() || !watched->wanted[way] ||
                std::exchange(watched->waits[way], true))
                continue;
            watched->descriptor.async_wait(
                way == 0 ? Descriptor::wait_read : Descriptor::wait_write,
                [weak = weak_from_this(), watched, way](const error_code& error) {
                    watched->waits[way] = false;
                    const auto self = weak.lock();
                    if (error || !self || !watched->descriptor.is_open())
                        return;
                    const int socket = watched->descriptor.native_handle();
                    self->go_on(way == 0 ? socket : ARES_SOCKET_BAD,
                                way == 1 ? socket : ARES_SOCKET_BAD);
                    self->wait(watched);
                });
        }
    }

    void go_on(int readable, int writable)
    {
        ::ares_process_fd(channel_, readable, writable);
        schedule();
    }

    void schedule()
    {
        timeval left{};
        if (!::ares_timeout(channel_, nullptr, &left)) {
            timer_.cancel();
            return;
        }
        timer_.expires_after(std::chrono::seconds(left.tv_sec) +
                             std::chrono::microseconds(left.tv_usec));
        timer_.async_wait([weak = weak_from_this()](const error_code& error) {
            if (const auto self = weak.lock(); self && !error)
                self->go_on(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        });
    }

    asio::io_context& context_;
    Timer timer_;
    std::map<int, std::shared_ptr<Watched>> watched_;
    ares_channel channel_ = nullptr;
};

NameServers::NameServers(asio::io_context& context) : context_(context) {}

NameServers::~NameServers() = default;

void NameServers::ask(const std::string& host, int family, Told told)
{
    if (servers_.empty() && channel_ && version_ != version())
        renew();
    begin(questions_.emplace(questions_.end(), Question{*this, host, family, std::move(told)}));
}

void NameServers::use(std::string servers)
{
    servers_ = std::move(servers);
    renew();
}

NameServers::Version NameServers::version()
{
    struct stat file{};
    ::stat("/etc/resolv.conf", &file);
    return {file.st_ino, file.st_mtim.tv_sec * 1'000'000'000 + file.st_mtim.tv_nsec};
}

error_code NameServers::open()
{
    if (channel_)
        return {};
    version_ = version();
    const auto channel = std::make_shared<Channel>(context_);
    if (const int status = channel->open(servers_); status != ARES_SUCCESS)
        return failure_of(status);
    channel_ = channel;
    return {};
}

void NameServers::begin(std::list<Question>::iterator question)
{
    if (const error_code failure = open()) {
        answered(*question, {{}, {}, failure});
        return;
    }
    channel_->ask(*question, [](void* asked, int status, int, ares_addrinfo* info) {
        if (status == ARES_EDESTRUCTION)
            return; // asked again of a new channel, or nobody waits any more
        Answer answer = status == ARES_SUCCESS ? to_answer(*info) : Answer{};
        if (status != ARES_SUCCESS)
            answer.failure = failure_of(status);
        ::ares_freeaddrinfo(info);
        auto& question = *static_cast<Question*>(asked);
        question.owner.answered(question, std::move(answer));
    });
}

void NameServers::renew()
{
    channel_.reset();
    for (auto at = questions_.begin(); at != questions_.end();)
        begin(at++); // an answer that comes at once takes it off the list
}

void NameServers::answered(Question& question, Answer answer)
{
    const Told told = std::move(question.told);
    std::erase_if(questions_, [&](const Question& one) { return &one == &question; });
    told(std::move(answer));
}

} // namespace turngate::net
