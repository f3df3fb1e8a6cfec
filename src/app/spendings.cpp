#include "spendings.hpp"

#include "turngate/access/principal.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

namespace turngate::app {
namespace {

std::array<std::string, 2> subjects_of(const usage::UsageRecord& record)
{
    return {access::user_subject(record.user), access::key_subject(record.key)};
}

std::set<std::string> subjects_of(const usage::Settled& sums)
{
    std::set<std::string> subjects;
    for (const usage::Sum& user : sums.users)
        subjects.insert(access::user_subject(user.name));
    for (const usage::Sum& key : sums.keys)
        subjects.insert(access::key_subject(key.name));
    return subjects;
}

std::set<std::string> subjects_of(const usage::Changes& rows)
{
    std::set<std::string> subjects;
    for (const usage::UserBalance& user : rows.users)
        subjects.insert(access::user_subject(user.user));
    for (const usage::KeyBalance& key : rows.keys)
        subjects.insert(access::key_subject(key.key));
    return subjects;
}

bool is_empty(const usage::Changes& rows)
{
    return rows.users.empty() && rows.keys.empty() && rows.stored_keys.empty();
}

bool has_new_credits(const usage::Changes& rows, const usage::KnownBooks& known)
{
    return std::ranges::any_of(rows.users, [&](const usage::UserBalance& user) {
        const auto before = known.users.find(user.user);
        return user.credit != (before == known.users.end() ? std::nullopt : before->second.credit);
    });
}

core::Timestamp next_expiry(const usage::KnownBooks& known, core::Timestamp now)
{
    core::Timestamp next = core::Timestamp::max();
    for (const auto& [name, key] : known.stored_keys)
        if (key.expires && *key.expires > now)
            next = std::min(next, *key.expires);
    return next;
}

bool forget_keys_but(const usage::Changes& rows, usage::KnownBooks& known)
{
    std::set<std::string_view> there;
    for (const usage::StoredKey& key : rows.stored_keys)
        there.insert(key.name);
    return std::erase_if(known.stored_keys,
                         [&](const auto& key) { return !there.contains(key.first); }) > 0;
}

} // namespace

Spendings::Spendings(Parts parts) : parts_(std::move(parts)), file_(parts_.file)
{
    auto earlier = file_.read();
    if (!earlier)
        return;
    is_known_ = true;
    known_ = std::move(earlier->books);
    counted_ = std::move(earlier->bills);
}

bool Spendings::learn(usage::Changes rows, bool are_all)
{
    const std::lock_guard lock(mutex_);
    const bool is_first = !std::exchange(is_current_, true);
    if (is_first)
        forget_earlier();
    is_known_ = true;
    const bool are_keys_gone = are_all && forget_keys_but(rows, known_);
    const bool are_credits_new = has_new_credits(rows, known_);
    const usage::Changes news = known_.merge(std::move(rows));
    if (is_first || are_keys_gone)
        file_.begin_anew();
    if (is_first || are_keys_gone || !is_empty(news))
        keep(news, {});
    for (const std::string& subject : is_first ? watched_ : subjects_of(news))
        if (is_watched(subject))
            report(subject, {});
    if (is_first)
        report_lately();
    const auto now = core::wall_now();
    const bool are_keys_others =
        is_first || are_keys_gone || !news.stored_keys.empty() || next_expiry_ <= now;
    if (are_keys_others)
        next_expiry_ = next_expiry(known_, now);
    return are_keys_others || are_credits_new;
}

// The repository is right, even if it has less: it may be another one.
void Spendings::forget_earlier()
{
    std::erase_if(known_.users, [this](const auto& row) {
        return !settled_here_.contains(access::user_subject(row.first));
    });
    std::erase_if(known_.keys, [this](const auto& row) {
        return !settled_here_.contains(access::key_subject(row.first));
    });
    settled_here_.clear();
}

// The file first: should the process end now, the bills are in the journal yet, and the next one
// must not count them beside these sums.
void Spendings::settled(const std::vector<usage::UsageRecord>& records, const usage::Settled& sums)
{
    const std::lock_guard lock(mutex_);
    std::vector<std::string> bills;
    Uids arrived;
    for (const usage::UsageRecord& record : records) {
        bills.push_back(record.response_uid);
        for (const std::string& subject : subjects_of(record))
            if (is_watched(subject))
                arrived[subject].push_back(record.response_uid);
    }
    keep(known_.merge(sums), bills);
    const Subjects moved = subjects_of(sums);
    if (!is_current_)
        settled_here_.insert(moved.begin(), moved.end());
    for (const std::string& subject : moved)
        if (const auto uids = arrived.find(subject); uids != arrived.end())
            report(subject, uids->second);
}

void Spendings::watch(const std::set<std::string>& subjects)
{
    Subjects fresh;
    {
        const std::lock_guard lock(mutex_);
        std::ranges::set_difference(subjects, watched_, std::inserter(fresh, fresh.end()));
        watched_.insert(fresh.begin(), fresh.end());
        const bool is_first = !std::exchange(is_watching_, true);
        for (const std::string& subject : fresh)
            report(subject, {});
        if (is_first)
            report_lately();
    }
    if (!fresh.empty())
        charge_waiting(fresh);
}

std::optional<access::Registry> Spendings::registry() const
{
    const std::lock_guard lock(mutex_);
    if (!is_known_)
        return std::nullopt;
    access::Registry registry = access::registry_of(known_, core::wall_now());
    registry.is_current = is_current_;
    return registry;
}

// Settling begins before anybody says whom to watch: so long, everybody is.
bool Spendings::is_watched(const std::string& subject) const
{
    return !is_watching_ || watched_.contains(subject);
}

// Who is in no row has no bill, once the rows are known.
std::optional<state::Spending> Spendings::spent_by(const std::string& subject) const
{
    constexpr std::string_view kUser = "user/";
    constexpr std::string_view kKey = "key/";
    if (subject.starts_with(kUser)) {
        const auto user = known_.users.find(std::string_view(subject).substr(kUser.size()));
        if (user != known_.users.end())
            return state::Spending{user->second.revision, user->second.spent};
    } else {
        const auto key = known_.keys.find(std::string_view(subject).substr(kKey.size()));
        if (key != known_.keys.end())
            return state::Spending{key->second.revision, key->second.used};
    }
    return is_known_ ? std::optional(state::Spending()) : std::nullopt;
}

void Spendings::report(const std::string& subject, const std::vector<std::string>& uids)
{
    if (const auto spent = spent_by(subject))
        parts_.budgets.report(subject, *spent, uids);
}

// As soon as there are sums with them in it and it is known who is watched.
void Spendings::report_lately()
{
    if (!is_known_ || !is_watching_)
        return;
    Uids arrived;
    for (const usage::UsageRecord& record : std::exchange(parts_.settled_lately, {}))
        for (const std::string& subject : subjects_of(record))
            if (is_watched(subject))
                arrived[subject].push_back(record.response_uid);
    for (const auto& [subject, uids] : arrived)
        report(subject, uids);
}

// Not under the lock: settling holds its own when it tells us.
void Spendings::charge_waiting(const Subjects& fresh)
{
    parts_.each_waiting([&](const std::vector<usage::UsageRecord>& records) {
        std::map<std::string, std::vector<state::Charge>> charges;
        Uids counted;
        for (const usage::UsageRecord& record : records)
            for (const std::string& subject : subjects_of(record)) {
                if (!fresh.contains(subject))
                    continue;
                if (counted_.contains(record.response_uid))
                    counted[subject].push_back(record.response_uid);
                else
                    charges[subject].push_back({record.response_uid, record.cost});
            }
        for (auto& [subject, some] : charges)
            parts_.budgets.charge(subject, std::move(some));
        const std::lock_guard lock(mutex_);
        for (const auto& [subject, uids] : counted)
            report(subject, uids);
    });
}

void Spendings::keep(const usage::Changes& news, const std::vector<std::string>& bills)
{
    if (!is_known_) // sums of some alone are not all that there is
        return;
    try {
        file_.write(news, bills, known_);
        is_kept_ = true;
    } catch (const std::exception& failure) {
        if (std::exchange(is_kept_, false))
            telemetry::log_error("what is known of users and keys cannot be kept",
                                 {{"error", failure.what()}});
    }
}

} // namespace turngate::app
