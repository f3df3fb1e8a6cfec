#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace turngate::gateway {

// Client sockets by address, by key and in all, over all loops, from accept to their end: also
// those that never ask for anything. Touched when a socket comes or goes.
class SocketCounts : public std::enable_shared_from_this<SocketCounts>
{
public:
    // `most`: there are descriptors for no more, whatever the limits say.
    explicit SocketCounts(unsigned most) : most_(most) {}

    struct Limits
    {
        unsigned per_key;
        unsigned per_ip;
        unsigned in_all;
    };

    // One counted socket; counted down by its destructor.
    class Ticket
    {
    public:
        Ticket() = default;
        ~Ticket();
        Ticket(Ticket&& other) noexcept = default;
        Ticket& operator=(Ticket&& other) noexcept
        {
            counts_.swap(other.counts_);
            key_.swap(other.key_);
            ip_.swap(other.ip_);
            return *this;
        }

        // Whose it is, as its last request has told; `ip` may be another one than at accept: that
        // of a proxy's client. False when a limit is reached.
        bool belongs_to(const std::string& key, const std::string& ip, const Limits& limits);

    private:
        friend class SocketCounts;
        Ticket(std::shared_ptr<SocketCounts> counts, std::string ip);

        std::shared_ptr<SocketCounts> counts_;
        std::string key_; // empty: not known yet
        std::string ip_;
    };

    // A socket that was accepted. `ip` is empty while only a proxy knows it. Nothing when a limit
    // is reached.
    std::optional<Ticket> enter(const std::string& ip, const Limits& limits);

private:
    using Counts = std::map<std::string, unsigned, std::less<>>;

    const unsigned most_;
    std::mutex mutex_;
    Counts by_key_;
    Counts by_ip_;
    unsigned all_ = 0;
};

} // namespace turngate::gateway
