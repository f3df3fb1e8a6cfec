#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/net/frame.hpp"
#include "turngate/net/poller.hpp"
#include "turngate/net/task.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::net {

using Timer = asio::basic_waitable_timer<core::Clock, asio::wait_traits<core::Clock>, Executor>;

// Whoever has deadlines that need no precision (pings, idle, age, stuck writes) registers here
// instead of holding a timer: 10,000 sessions cost one timer and a walk ten times a second.
class Ticked : public boost::intrusive::list_base_hook<
                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>>
{
public:
    virtual void on_tick(core::Deadline now) = 0; // must not destroy other Ticked objects

protected:
    ~Ticked() = default;
};

inline constexpr auto kTick = std::chrono::milliseconds(100);

// One event loop: one thread, one io_context. Sessions and their upstream connections live and die
// on one loop. Everything but `post` and `stop` is for the loop's own thread.
class Loop
{
public:
    explicit Loop(unsigned index);
    ~Loop();

    void run(); // until stop(); the calling thread is the loop's
    void stop();

    // Runs f on this loop soon; from any thread.
    template <class F>
    void post(F&& f)
    {
        asio::post(context_, std::forward<F>(f));
    }

    unsigned index() const noexcept { return index_; }
    asio::io_context& context() noexcept { return context_; }
    Executor executor() noexcept { return context_.get_executor(); }

    // Scratch that all connections of the loop read into: an idle connection owns no read buffer.
    // Valid until the reader's next co_await.
    std::span<char> read_buffer() noexcept { return {read_buffer_.get(), kReadBuffer}; }
    std::vector<Frame>& frames() noexcept { return frames_; }

    Poller& poller() noexcept { return poller_; }

    void tick(Ticked& ticked);

    // How late the last tick came, or by how much the next one is overdue: the loop's lag, which
    // grows while the loop stands still. Any thread.
    std::chrono::microseconds lag() const noexcept;

    static constexpr std::size_t kReadBuffer = 64 * 1024;

private:
    void schedule_tick();
    void on_tick();

    const unsigned index_;
    asio::io_context context_;
    asio::executor_work_guard<Executor> work_;
    Poller poller_;
    std::unique_ptr<char[]> read_buffer_;
    std::vector<Frame> frames_;
    boost::intrusive::list<Ticked, boost::intrusive::constant_time_size<false>> ticked_;
    Timer tick_timer_;
    // Stamped by every tick: how late it was, and when the next one is due.
    std::atomic<std::int64_t> lag_us_{0};
    std::atomic<core::Deadline> due_{core::Deadline::max()}; // not running yet
};

} // namespace turngate::net
