#pragma once

#include "turngate/usage/journal.hpp"

#include <boost/asio/error.hpp>

#include <functional>
#include <vector>

namespace turngate::fakes {

class Journal final : public usage::Journal
{
public:
    core::Result<> append(const usage::UsageRecord& record) override
    {
        if (on_append)
            on_append();
        if (is_broken)
            return core::Fault{
                core::FaultCode::accounting_unavailable, boost::asio::error::no_memory, "test"};
        records.push_back(record);
        return {};
    }
    bool is_healthy() const noexcept override { return is_healthy_now; }

    std::vector<usage::UsageRecord> records;
    std::function<void()> on_append;
    bool is_broken = false;
    bool is_healthy_now = true;
};

} // namespace turngate::fakes
