#pragma once

#include "instance.hpp"
#include "redis_link.hpp"

#include <functional>
#include <string>

namespace turngate::state {

// Whose name is whose. A gateway holds its name in Redis for as long as it says so each second;
// where another one that lives has it, this one says so and goes by a name of its own. Belongs to
// one loop.
class RedisName final : private net::Ticked
{
public:
    // on_held: the name is ours. What begins with `dead` belonged to a former life of it.
    RedisName(RedisLink& link,
              const Instance& instance,
              std::function<void(const std::string& dead)> on_held);

    void start();

private:
    void on_tick(core::Deadline now) override;
    void claim(const std::string& dead_holder);
    void on_answer(const Answer& answer, const std::string& dead_holder);
    void on_other(const std::string& holder);

    RedisLink& link_;
    const Instance& instance_;
    const std::function<void(const std::string&)> on_held_;
    const std::string holder_; // as we are known in Redis: life, host, process
    std::string name_;
    bool is_held_ = false;
    unsigned refusals_ = 0; // one after the other
    core::Deadline claim_at_{};
};

} // namespace turngate::state
