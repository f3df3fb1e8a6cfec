#pragma once

#include "expiring_map.hpp"
#include "redis_links.hpp"
#include "stored.hpp"

namespace turngate::state {

// Bindings in this process and in Redis: written to both, and not waited for. Responses are looked
// up here first: they do not change. Lanes do, so the later of the two counts.
class RedisStore final : public StateStore
{
public:
    // life: this process among all gateways, for ever.
    RedisStore(const RedisLinks& links, std::string life, MemoryStoreLimits limits = {});

    net::Task<std::optional<Binding>> find_response(std::string_view tenant,
                                                    std::string_view response_id) override;
    net::Task<> bind_response(std::string_view tenant,
                              std::string_view response_id,
                              Binding binding) override;
    net::Task<> forget_response(std::string_view tenant, std::string_view response_id) override;
    net::Task<std::optional<LaneBinding>> find_lane(std::string_view tenant,
                                                    std::string_view session) override;
    net::Task<> bind_lane(std::string_view tenant,
                          std::string_view session,
                          LaneBinding binding) override;

private:
    net::Task<Answer> get(std::string key);
    net::Task<> post(Command command);
    net::Task<> put(std::string key, std::string value, std::chrono::seconds ttl);

    const RedisLinks& links_;
    const std::string life_;
    ExpiringMap<Binding> responses_;
    ExpiringMap<StampedLane> lanes_;
};

} // namespace turngate::state
