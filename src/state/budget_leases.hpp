#pragma once

#include "held_question.hpp"
#include "memory_budgets.hpp"
#include "redis_link.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>

namespace turngate::state {

// What Redis is told, through one loop's link, of the claims that came by this loop. They are in
// `local`: what is renewed is always what is there now. What Redis does not know of (it was away,
// or flushed) it is told again. The loop's thread alone.
class BudgetLeases final : private net::Ticked
{
public:
    BudgetLeases(RedisLink& link,
                 MemoryBudgets& local,
                 unsigned loop,
                 std::chrono::milliseconds lease);
    ~BudgetLeases() = default;

    void start(); // the renewals

    // What all gateways together have to say; nothing if Redis cannot tell. `request` outlives it.
    net::Task<std::optional<Verdict>> take(const HoldRequest& request);
    void settle(const std::string& subject,
                const std::string& id,
                const std::vector<Charge>& charges);
    void report(const std::string& subject, const std::vector<std::string>& uids);
    void tell_soon(const std::string& subject); // what there is, with the next tick
    void answer(const std::shared_ptr<HeldQuestion>& question);

    // Redis has come back or has forgotten everything.
    void tell_all();

private:
    using Names = std::vector<std::string>;

    void on_tick(core::Deadline now) override;
    void begin_renewal(core::Deadline now);
    void tell_some();
    void renew(const std::string& subject, const std::string& after);
    void tell(const std::string& subject, const Names& gone, const std::vector<Claim>& there);
    void remember(const std::string& subject, const Names& gone);
    Names untold_of(const std::string& subject);
    Command word_on(const std::string& subject) const;
    net::Task<> read(std::shared_ptr<HeldQuestion> question);

    RedisLink& link_;
    MemoryBudgets& local_;
    const unsigned loop_;
    const std::chrono::milliseconds lease_;
    core::Deadline renew_at_{};
    core::Deadline retry_at_{};
    std::size_t told_ = 0;                   // claims since the last tick
    std::map<std::string, std::string> due_; // subject → its claim that was renewed last
    std::map<std::string, Names> untold_;    // subject → gone, and Redis may not have heard it
    std::size_t untold_names_ = 0;
};

} // namespace turngate::state
