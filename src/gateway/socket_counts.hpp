#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace turngate::gateway {

// Open client sockets by key, by address and in all, over all loops. Touched when a socket comes or
// goes.
class SocketCounts : public std::enable_shared_from_this<SocketCounts>
{
public:
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
        Ticket& operator=(Ticket&&) = delete;
        void swap(Ticket& other) noexcept
        {
            counts_.swap(other.counts_);
            key_.swap(other.key_);
            ip_.swap(other.ip_);
        }

    private:
        friend class SocketCounts;
        Ticket(std::shared_ptr<SocketCounts> counts, std::string key, std::string ip);

        std::shared_ptr<SocketCounts> counts_;
        std::string key_;
        std::string ip_;
    };

    // Nothing when a limit is reached.
    std::optional<Ticket> enter(const std::string& key,
                                const std::string& ip,
                                const Limits& limits);

private:
    void leave(const std::string& key, const std::string& ip);

    std::mutex mutex_;
    std::map<std::string, unsigned> by_key_;
    std::map<std::string, unsigned> by_ip_;
    unsigned all_ = 0;
};

} // namespace turngate::gateway
