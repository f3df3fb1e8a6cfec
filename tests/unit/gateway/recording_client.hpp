#pragma once

#include "client_output.hpp"

#include <string>
#include <vector>

namespace turngate::gateway::test {

// What a client gets, in its order; flushed or not.
class RecordingClient final : public ClientOutput
{
public:
    void forward(const net::Frame& frame) override
    {
        ++forwards;
        wire.append(frame.wire);
        unflushed.emplace_back(frame.payload);
    }
    void send(std::string_view event) override { unflushed.emplace_back(event); }
    void flush() override
    {
        ++flushes;
        events.insert(events.end(), unflushed.begin(), unflushed.end());
        unflushed.clear();
    }
    bool is_congested() const override { return congested; }

    std::vector<std::string> events;
    std::vector<std::string> unflushed;
    std::string wire; // of the forwarded ones
    int forwards = 0;
    int flushes = 0;
    bool congested = false;
};

} // namespace turngate::gateway::test
