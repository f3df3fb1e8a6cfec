#include "bindings.hpp"
#include "expiring_map.hpp"

namespace turngate::state {
namespace {

class MemoryStore final : public StateStore
{
public:
    // Half of the memory for each kind.
    explicit MemoryStore(MemoryStoreLimits limits)
        : responses_(kResponseTtl, limits.bytes / 2), lanes_(kLaneTtl, limits.bytes / 2)
    {
    }

    net::Task<std::optional<Binding>> find_response(std::string_view tenant,
                                                    std::string_view response_id) override
    {
        co_return responses_.find(local_key(tenant, response_id));
    }

    net::Task<> bind_response(std::string_view tenant,
                              std::string_view response_id,
                              Binding binding) override
    {
        responses_.put(local_key(tenant, response_id), std::move(binding));
        co_return;
    }

    net::Task<> forget_response(std::string_view tenant, std::string_view response_id) override
    {
        responses_.erase(local_key(tenant, response_id));
        co_return;
    }

    net::Task<std::optional<LaneBinding>> find_lane(std::string_view tenant,
                                                    std::string_view session) override
    {
        co_return lanes_.find(local_key(tenant, session));
    }

    net::Task<> bind_lane(std::string_view tenant,
                          std::string_view session,
                          LaneBinding binding) override
    {
        lanes_.put(local_key(tenant, session), std::move(binding));
        co_return;
    }

private:
    ExpiringMap<Binding> responses_;
    ExpiringMap<LaneBinding> lanes_;
};

} // namespace

std::unique_ptr<StateStore> make_memory_store(MemoryStoreLimits limits)
{
    return std::make_unique<MemoryStore>(limits);
}

} // namespace turngate::state
