#pragma once

#include "client_output.hpp"

namespace turngate::gateway {

// Where a turn's events go when its client has gone: nowhere, and at any speed.
class Nobody final : public ClientOutput
{
public:
    void forward(const net::Frame&) override {}
    void send(std::string_view) override {}
    void flush() override {}
    bool is_congested() const override { return false; }
    bool is_nobody() const override { return true; }
};

} // namespace turngate::gateway
