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

// Turns without a session. Some outlive theirs (`usage.aborted_turns: drain`): the client has gone,
// the response runs on. What comes is dropped until its terminal event says what it cost; after
// `usage.drain_timeout`, or with the gateway, they settle by an estimate. Others never had one that
// waits for them: background responses (http.md section 10). One loop's.
class Drains final : private net::Ticked
{
public:
    static constexpr std::size_t kMost = 256;

    explicit Drains(net::Loop& loop, std::size_t most = kMost);
    ~Drains();

    // For a turn that is `unfinished`. Whoever finds none settles at once.
    bool has_room() const noexcept { return !is_closed_ && left_ < most_; }

    // A turn that is `unfinished`. `memory`: what it refers to of its session.
    void take(std::unique_ptr<Turn> turn, std::shared_ptr<const void> memory);

    // A turn from its beginning, in the background; `until` then it is interrupted. `memory`: what
    // it refers to, its client too.
    void run(std::unique_ptr<Turn> turn, std::shared_ptr<const void> memory, core::Deadline until);

    // All settle now, and nothing is taken any more.
    void close();
    net::Task<> join();

    std::size_t running() const noexcept // any thread
    {
        return running_.load(std::memory_order_relaxed);
    }

private:
    struct Drain;

    void own(Drain drain);
    net::Task<> to_its_end(std::list<Drain>::iterator drain);
    void on_tick(core::Deadline now) override;

    const std::size_t most_;
    Nobody nobody_;
    std::list<Drain> drains_;
    std::size_t left_ = 0; // of them, by their clients
    std::atomic<std::size_t> running_{0};
    bool is_closed_ = false;
    net::TaskGroup tasks_;
};

} // namespace turngate::gateway
