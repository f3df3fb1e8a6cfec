#pragma once

#include "turngate/telemetry/metrics.hpp"
#include "turngate/usage/journal.hpp"
#include "turngate/usage/ledger.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace turngate::usage {

// Carries bills from the journal to the repository: read a batch, insert, advance; and syncs the
// journal, on a thread of its own so that a slow database never delays the disk. A failing
// repository is retried with backoff (100 ms doubling to 10 s); the journal keeps what waits. A
// record that is refused for what is in it becomes a dead letter, and the rest settles.
class Settler
{
public:
    using OpenRepository = std::function<std::unique_ptr<Ledger>()>;

    // Told, on the settling thread, of each batch that is now in the repository or, in part, among
    // its dead letters, and of what its users' and keys' bills come to with it (none of those of a
    // letter that could not be counted). Before the journal lets go of it: after a crash the next
    // process tells it again. What it throws is logged. May be empty.
    using OnSettled = std::function<void(const std::vector<UsageRecord>&, const Settled&)>;

    // Starts the threads. `open` is called on the settling one. `journal` and `metrics` outlive
    // this, and so does whatever `on_settled` refers to.
    Settler(JournalDirectory& journal,
            std::chrono::milliseconds fsync_every,
            OpenRepository open,
            telemetry::Metrics& metrics,
            OnSettled on_settled = {});
    ~Settler(); // stops without settling the rest

    // Settles all that was appended before the call. False: the deadline came first; the journal
    // still has it.
    bool settle_all(std::chrono::milliseconds within);

    // Takes all that is in the journal and not settled. Nothing is told and nothing leaves the
    // journal meanwhile. Any thread.
    void each_waiting(const TakeRecords& take);

    bool repository_is_healthy()
        const noexcept; // false until it is open, and from a failure until the next success

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace turngate::usage
