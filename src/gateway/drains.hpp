#pragma once

#include "nobody.hpp"

#include "turngate/net/loop.hpp"
#include "turngate/net/task_group.hpp"

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>

namespace turngate::gateway {

struct Turn;

// Turns that outlive their session (`usage.aborted_turns: drain`): the client has gone, the
// response runs on. What comes is dropped until its terminal event says what it cost; after
// `usage.drain_timeout`, or with the gateway, they settle by an estimate. One loop's.
class Drains final : private net::Ticked
{
public:
    static constexpr std::size_t kMost = 256;

    explicit Drains(net::Loop& loop, std::size_t most = kMost);
    ~Drains();

    // Whoever finds none settles at once.
    bool has_room() const noexcept { return !is_closed_ && running() < most_; }

    // A turn that is `unfinished`. `memory`: what it refers to of its session.
    void take(std::unique_ptr<Turn> turn, std::shared_ptr<const void> memory);

    // All settle now, and nothing is taken any more.
    void close();
    net::Task<> join();

    std::size_t running() const noexcept // any thread
    {
        return running_.load(std::memory_order_relaxed);
    }

private:
    struct Drain;

    net::Task<> run(std::list<Drain>::iterator drain);
    void on_tick(core::Deadline now) override;

    const std::size_t most_;
    Nobody nobody_;
    std::list<Drain> drains_;
    std::atomic<std::size_t> running_{0};
    bool is_closed_ = false;
    net::TaskGroup tasks_;
};

} // namespace turngate::gateway
