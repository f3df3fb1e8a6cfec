#pragma once

#include "turngate/admin/resource.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/net/event.hpp"
#include "turngate/net/task.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace turngate::admin {

// The ledger's work, on threads of its own: whoever asks on the loop waits for `patience` and no
// longer, whatever the database does, and everybody else on the loop not at all.
class LedgerThreads
{
public:
    struct Options
    {
        unsigned threads = 2;
        std::size_t waiting = 32; // questions that no thread has begun
        std::chrono::milliseconds patience{5'000};
    };
    // A ledger for one question, by the deadline; throws while there is none.
    using Open = std::function<std::unique_ptr<usage::Ledger>(core::Deadline)>;
    using Work = std::function<Answer(usage::Ledger&)>; // as a Handler

    // Starts the threads. What `open` refers to outlives them.
    LedgerThreads(net::Loop& loop, Options options, Open open);
    ~LedgerThreads(); // waits for the threads: see stop()

    // The work's answer, or why there is none: 400, 503 (the repository is away, or too many ask),
    // 504. On the loop's thread.
    net::Task<Answer> ask(Work work);

    // Nobody waits any longer, nor will. On the loop's thread.
    void close();

    // False: a thread is still in the database's hands, and the destructor would wait for it.
    bool stop(std::chrono::milliseconds within);

private:
    struct Question;
    struct Parts;

    net::Loop& loop_;
    const Options options_;
    bool is_closed_ = false;
    std::vector<Question*> asked_; // they are waited for
    std::unique_ptr<Parts> parts_;
};

} // namespace turngate::admin
