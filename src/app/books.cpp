#include "books.hpp"

#include "turngate/access/principal.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::app {
namespace {

// behaviour.md section 1 and interface.md: a change reaches every gateway within 5 s.
constexpr auto kInterval = std::chrono::seconds(3);

std::map<std::string, state::Spending> spending_of(const usage::Balances& balances)
{
    std::map<std::string, state::Spending> all;
    for (const usage::UserBalance& user : balances.users)
        all.emplace(access::user_subject(user.user), state::Spending{user.revision, user.spent});
    for (const usage::KeyBalance& key : balances.keys)
        all.emplace(access::key_subject(key.key), state::Spending{key.revision, key.used});
    return all;
}

} // namespace

Books::Books(Parts parts)
    : parts_(std::move(parts)), thread_([this](const std::stop_token& stop) { keep_reading(stop); })
{
}

Books::~Books() = default;

bool Books::read_now(std::chrono::milliseconds within)
{
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = ++asked_;
    changed_.notify_all();
    return changed_.wait_for(lock, within, [&] { return answered_ >= mine; });
}

std::optional<access::Registry> Books::registry() const
{
    const std::lock_guard lock(mutex_);
    return registry_;
}

// Never unwatched: what was charged while there was a limit is still to be told.
void Books::watch(const std::set<std::string>& subjects)
{
    const std::lock_guard lock(mutex_);
    watched_.insert(subjects.begin(), subjects.end());
}

void Books::settled(const std::vector<usage::UsageRecord>& records)
{
    const std::lock_guard lock(mutex_);
    for (const usage::UsageRecord& record : records)
        for (std::string subject :
             {access::key_subject(record.key), access::user_subject(record.user)})
            if (watched_.contains(subject))
                settled_[std::move(subject)].push_back(record.response_uid);
}

void Books::keep_reading(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const std::uint64_t goal = asked_;
        lock.unlock();
        read();
        lock.lock();
        answered_ = goal;
        changed_.notify_all();
        changed_.wait_for(lock, stop, kInterval, [this] { return asked_ > answered_; });
    }
}

void Books::read()
{
    Uids settled = take_settled(); // these are in what is read after it
    try {
        const auto ledger = parts_.open(); // not kept: a pool may have one place for all
        balances_ = ledger->balances();
        keys_ = ledger->keys();
        is_down_ = false;
    } catch (const std::exception& failure) {
        put_back(std::move(settled));
        if (!std::exchange(is_down_, true))
            telemetry::log_error("users and keys cannot be read", {{"error", failure.what()}});
        return;
    }
    tell_budgets(settled);
    tell_registry();
}

Books::Uids Books::take_settled()
{
    const std::lock_guard lock(mutex_);
    return std::exchange(settled_, {});
}

void Books::put_back(Uids uids)
{
    const std::lock_guard lock(mutex_);
    for (auto& [subject, those] : uids) {
        auto& all = settled_[subject];
        all.insert(all.end(), those.begin(), those.end());
    }
}

// Those whose spending is news, and those whose bills have arrived: who has bills has a balance.
void Books::tell_budgets(const Uids& settled)
{
    for (const auto& [subject, spent] : spending_of(balances_)) {
        const auto uids = settled.find(subject);
        const auto [told, is_first] = told_.try_emplace(subject, spent.revision);
        if (uids == settled.end() && !is_first && told->second == spent.revision)
            continue;
        told->second = spent.revision;
        parts_.budgets.report(
            subject, spent, uids == settled.end() ? std::vector<std::string>() : uids->second);
    }
}

void Books::tell_registry()
{
    access::Registry registry = access::registry_of(keys_, balances_, core::wall_now());
    {
        const std::lock_guard lock(mutex_);
        if (registry_ == registry)
            return;
        registry_ = registry;
    }
    parts_.on_change();
}

} // namespace turngate::app
