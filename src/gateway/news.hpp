#pragma once

#include "rooms.hpp"

#include "turngate/net/loop.hpp"

#include <map>
#include <string>

namespace turngate::gateway {

// Brings what other gateways have learnt about accounts (cooling, quota windows) to where this one
// looks for it: once a second for the process, so that no turn asks for it. On one loop.
class News final : private net::Ticked
{
public:
    explicit News(Rooms& rooms);

private:
    void on_tick(core::Deadline now) override;
    void bring_cooling(core::Deadline now);
    void bring_quota(const accounts::Account& account, core::Deadline now);

    Rooms& rooms_;
    core::Deadline next_{};
    std::map<std::string, std::int64_t> lifted_; // by account and model: the rank of the word
};

// The other way: what the account's standing has made of a turn's `cools` for that model.
void tell_cooling(state::Bulletin& bulletin,
                  const accounts::Account& account,
                  std::string_view model,
                  core::Deadline now);

} // namespace turngate::gateway
