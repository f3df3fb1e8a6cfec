#pragma once

#include "spares.hpp"

#include "turngate/net/stop.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace turngate::upstream {

// A spare being dialed, while it lives. Over without put(), it has failed.
class SpareDial
{
public:
    SpareDial(std::vector<SpareDial*>& all, Spares& spares, const accounts::Account& account)
        : all_(all), spares_(spares), account_(account)
    {
        all_.push_back(this);
    }
    ~SpareDial()
    {
        std::erase(all_, this);
        if (!is_done_)
            spares_.failed(account_, core::Clock::now());
    }
    SpareDial(const SpareDial&) = delete;
    SpareDial& operator=(const SpareDial&) = delete;

    net::Stop& stop() noexcept { return stop_; }

    void put(std::shared_ptr<Connection> connection)
    {
        is_done_ = true;
        spares_.put(std::move(connection));
    }

private:
    std::vector<SpareDial*>& all_;
    Spares& spares_;
    const accounts::Account& account_;
    net::Stop stop_;
    bool is_done_ = false;
};

} // namespace turngate::upstream
