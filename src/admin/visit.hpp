#pragma once

#include "turngate/net/stream.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace turngate::admin {

// One connection, in the list of those that are open until it ends or is closed.
class Visit
{
public:
    Visit(std::vector<Visit*>& open, net::Socket socket, std::string peer)
        : stream(std::move(socket)), who("admin " + std::move(peer)), open_(open)
    {
        open_.push_back(this);
    }
    ~Visit() { std::erase(open_, this); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    void close()
    {
        std::erase(open_, this);
        stream.close();
    }

    net::Stream stream;
    const std::string who;
    std::string leftover; // of the next request
    bool is_first = true;
    bool is_asking = false; // it has asked and waits for its answer, or takes it

private:
    std::vector<Visit*>& open_;
};

} // namespace turngate::admin
