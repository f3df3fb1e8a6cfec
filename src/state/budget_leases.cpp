#include "budget_leases.hpp"

#include "budget_scripts.hpp"
#include "redis_keys.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace turngate::state {
namespace {

using namespace std::chrono_literals;
using core::Clock;
using std::chrono::milliseconds;

constexpr auto kRetry = 1s;
constexpr std::size_t kMostUntold = 10'000; // the rest ends by itself
constexpr std::size_t kClaimsAtOnce = 500;  // Redis does nothing else meanwhile
constexpr std::size_t kMostInATick = 1'000; // more, and it would look as if it were away
constexpr unsigned kReaders = 16;

std::string text_of(core::NanoUsd amount)
{
    return std::to_string(amount.value);
}

// A double of Lua's, which may be more than there is of ours.
core::NanoUsd amount_of(const std::string& text)
{
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc::result_out_of_range)
        value = text.starts_with('-') ? std::numeric_limits<std::int64_t>::min()
                                      : std::numeric_limits<std::int64_t>::max();
    return {value};
}

Verdict verdict_of(const std::string& text)
{
    if (text == "busy")
        return {.word = Verdict::Word::busy, .amount = {}};
    if (text == "spent")
        return {};
    return {.word = Verdict::Word::held, .amount = amount_of(text)};
}

// A charge is renewed like a hold. That of a gateway which was killed just after its bill had
// arrived nobody reports any more: it must not count beside the bill for long.
constexpr milliseconds kUnrenewed = std::chrono::hours(1);

} // namespace

BudgetLeases::BudgetLeases(RedisLink& link,
                           MemoryBudgets& local,
                           unsigned loop,
                           std::chrono::milliseconds lease)
    : link_(link), local_(local), loop_(loop), lease_(lease)
{
    link_.on_up([this] { tell_all(); });
}

void BudgetLeases::start()
{
    link_.loop().tick(*this);
}

Command BudgetLeases::word_on(const std::string& subject) const
{
    const auto spent = local_.spent(subject);
    if (!spent)
        return {"", ""};
    return {std::to_string(spent->revision), text_of(spent->amount)};
}

net::Task<std::optional<Verdict>> BudgetLeases::take(const HoldRequest& request)
{
    Command keys{budget_key(request.subject)};
    Command arguments = word_on(request.subject);
    for (std::string text : {text_of(request.limit),
                             text_of(request.amount),
                             hold_name(request.id),
                             std::to_string(lease_.count()),
                             request.asker,
                             std::to_string(milliseconds(kKeptFree).count())})
        arguments.push_back(std::move(text));
    const Answer answer =
        co_await link_.run_hold(kHoldBudget, std::move(keys), std::move(arguments));
    co_return answer ? std::optional(verdict_of(answer->text)) : std::nullopt;
}

void BudgetLeases::settle(const std::string& subject,
                          const std::string& id,
                          const std::vector<Charge>& charges)
{
    std::vector<Claim> there;
    for (const Charge& each : charges)
        there.push_back({charge_name(each.uid), each.cost, Clock::now() + kChargeLife});
    tell(subject, {hold_name(id)}, there);
}

void BudgetLeases::report(const std::string& subject, const std::vector<std::string>& uids)
{
    Names gone;
    for (const std::string& uid : uids)
        gone.push_back(charge_name(uid));
    if (told_ < kMostInATick)
        return tell(subject, gone, {});
    remember(subject, gone);
    due_.try_emplace(subject);
}

void BudgetLeases::tell_soon(const std::string& subject)
{
    due_.insert_or_assign(subject, std::string());
}

void BudgetLeases::tell(const std::string& subject,
                        const Names& gone,
                        const std::vector<Claim>& there)
{
    told_ += 1 + gone.size() + there.size();
    Command arguments = word_on(subject);
    arguments.push_back(std::to_string(gone.size()));
    arguments.insert(arguments.end(), gone.begin(), gone.end());
    const auto now = Clock::now();
    for (const Claim& each : there) {
        const bool is_hold = each.until == core::Deadline::max();
        const auto left = std::chrono::ceil<milliseconds>(std::max(each.until, now) - now);
        const auto life = is_hold ? lease_ : std::min(left, kUnrenewed);
        arguments.push_back(each.name);
        arguments.push_back(text_of(each.amount));
        arguments.push_back(std::to_string(life.count()));
    }
    const auto on_answer = [this, subject, gone](const Answer& answer) {
        if (!answer)
            remember(subject, gone);
    };
    link_.post(kTellBudget, {budget_key(subject)}, std::move(arguments), on_answer);
}

// What is there need not be remembered: it is in `local_`, and renewed. Holds end soon in any case:
// they may not take the place of charges, which do not.
void BudgetLeases::remember(const std::string& subject, const Names& gone)
{
    retry_at_ = Clock::now() + kRetry;
    for (const std::string& name : gone) {
        const bool is_hold = name.starts_with(hold_name(""));
        if (untold_names_ >= (is_hold ? kMostUntold / 2 : kMostUntold))
            continue;
        untold_[subject].push_back(name);
        ++untold_names_;
    }
}

BudgetLeases::Names BudgetLeases::untold_of(const std::string& subject)
{
    const auto untold = untold_.extract(subject);
    if (untold.empty())
        return {};
    untold_names_ -= untold.mapped().size();
    return std::move(untold.mapped());
}

void BudgetLeases::on_tick(core::Deadline now)
{
    told_ = 0;
    if (!link_.is_up())
        return;
    if (now >= renew_at_)
        begin_renewal(now);
    if (now >= retry_at_)
        for (const auto& [subject, names] : untold_)
            due_.try_emplace(subject);
    tell_some();
}

void BudgetLeases::begin_renewal(core::Deadline now)
{
    renew_at_ = now + lease_ / 3;
    retry_at_ = now;
    for (std::string& subject : local_.open())
        due_.try_emplace(std::move(subject));
}

void BudgetLeases::tell_some()
{
    while (told_ < kMostInATick && !due_.empty()) {
        const auto first = due_.extract(due_.begin());
        renew(first.key(), first.mapped());
    }
}

// A page; the next one is due then. What has gone is told with the first: its place is taken by
// charges at once.
void BudgetLeases::renew(const std::string& subject, const std::string& after)
{
    const std::vector<Claim> page = local_.page(subject, loop_, after, kClaimsAtOnce);
    if (page.size() == kClaimsAtOnce)
        due_.insert_or_assign(subject, page.back().name);
    const Names gone = untold_of(subject);
    if (!gone.empty() || !page.empty())
        tell(subject, gone, page);
}

void BudgetLeases::tell_all()
{
    told_ = 0;
    begin_renewal(Clock::now());
    for (const auto& [subject, names] : untold_)
        due_.try_emplace(subject);
    tell_some();
}

void BudgetLeases::answer(const std::shared_ptr<HeldQuestion>& question)
{
    if (!link_.is_up())
        return question->answered.set_value();
    const std::size_t most = question->subjects.size();
    question->readers = static_cast<unsigned>(std::min<std::size_t>(kReaders, most));
    for (unsigned i = question->readers; i > 0; --i)
        link_.tasks().spawn("held", read(question));
}

// A few at a time, as many as there is time for.
net::Task<> BudgetLeases::read(std::shared_ptr<HeldQuestion> question)
{
    while (question->next < question->subjects.size() && Clock::now() < question->deadline) {
        const std::size_t at = question->next++;
        Command keys{budget_key(question->subjects[at])};
        Command nothing;
        const Answer answer = co_await link_.run(kReadBudget, std::move(keys), std::move(nothing));
        if (answer) // it may not have heard of all of ours
            question->sums[at] = std::max(question->sums[at], amount_of(answer->text));
    }
    if (--question->readers == 0)
        question->answered.set_value();
}

} // namespace turngate::state
