#include "turngate/state/state.hpp"

#include "turngate/core/id.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>

namespace turngate::state {
namespace {

std::string host_name()
{
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

std::string instance_of(const config::Config& config)
{
    if (!config.state.instance.empty())
        return config.state.instance;
    std::error_code unknown;
    const auto journal = std::filesystem::absolute(config.usage.journal.dir, unknown);
    const std::string digest = core::sha256(journal.lexically_normal().string()).hex();
    return host_name() + "-" + digest.substr(0, 8);
}

} // namespace

std::unique_ptr<State> make_state(const config::Config& config,
                                  const std::vector<net::Loop*>& loops)
{
    switch (config.state.backend) {
    case config::StateBackend::memory:
        return make_memory_state();
    case config::StateBackend::redis:
        return make_redis_state({.redis = config.state.redis, .instance = instance_of(config)},
                                loops);
    }
    std::abort();
}

} // namespace turngate::state
