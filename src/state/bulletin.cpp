#include "turngate/state/bulletin.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>
#include <utility>

namespace turngate::state {
namespace {

using core::Timestamp;

constexpr std::string_view kCooling = "cooling/";
constexpr std::int64_t kLifted = 1;
constexpr std::string_view kRevoked = "revoked/";
constexpr auto kRevokedFor = std::chrono::hours(24);

// account/model: no slash of the account's own, so that no two of them make the same subject.
std::string cooling_subject(std::string_view account, std::string_view model)
{
    std::string subject(kCooling);
    for (const char c : account)
        subject.append(c == '/' ? "%2F" : c == '%' ? "%25" : std::string_view(&c, 1));
    return subject.append("/").append(model);
}

std::string account_in(std::string_view escaped)
{
    std::string account;
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        account.push_back(escaped[i]);
        if (escaped[i] != '%')
            continue;
        account.back() = escaped.substr(i, 3) == "%2F" ? '/' : '%';
        i += 2;
    }
    return account;
}

// A window's name has no slash, so no two accounts and windows make the same subject.
std::string quota_subject(std::string_view account, std::string_view window)
{
    std::string subject = "quota/";
    for (const char c : window)
        subject.push_back(c == '/' ? '_' : c);
    return subject.append("/").append(account);
}

std::string revoked_subject(const core::Digest& key)
{
    return std::string(kRevoked) + key.hex();
}

std::int64_t rank_of(Timestamp at)
{
    return at.time_since_epoch().count();
}

std::optional<core::Digest> revoked_key(std::string_view subject)
{
    if (!subject.starts_with(kRevoked))
        return std::nullopt;
    const auto bytes = core::from_hex(subject.substr(kRevoked.size()));
    core::Digest key;
    if (!bytes || bytes->size() != key.bytes.size())
        return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
    return key;
}

} // namespace

// Ranks are the times themselves, so that the latest stays whoever is heard first; after what was
// lifted they go on from there.
void Bulletin::publish_cooling(std::string_view account, std::string_view model, Timestamp until)
{
    const std::string subject = cooling_subject(account, model);
    std::int64_t rank = rank_of(until);
    if (const auto known = find(subject); known && known->value == kLifted)
        rank = std::max(rank, known->rank + 1);
    publish(subject, {rank, until, 0});
}

// The word that it is lifted is kept for as long as what it lifts would have been.
void Bulletin::lift_cooling(std::string_view account)
{
    for (const Cooling& each : coolings())
        if (each.account == account && !each.is_lifted)
            publish(cooling_subject(account, each.model), {each.rank + 1, each.until, kLifted});
}

std::optional<Timestamp> Bulletin::cooling(std::string_view account, std::string_view model) const
{
    const auto note = find(cooling_subject(account, model));
    return note && note->value != kLifted ? std::optional(note->until) : std::nullopt;
}

std::vector<Bulletin::Cooling> Bulletin::coolings() const
{
    std::vector<Cooling> all;
    const Timestamp now = core::wall_now();
    const std::lock_guard lock(mutex_);
    for (auto at = notes_.lower_bound(kCooling); at != notes_.end(); ++at) {
        std::string_view subject = at->first;
        if (!subject.starts_with(kCooling))
            break;
        subject.remove_prefix(kCooling.size());
        const auto slash = subject.find('/');
        const Note& note = at->second;
        if (note.until > now && slash != subject.npos)
            all.push_back({account_in(subject.substr(0, slash)),
                           std::string(subject.substr(slash + 1)),
                           note.until,
                           note.value == kLifted,
                           note.rank});
    }
    return all;
}

// Told by every answer of the vendor: only what is new is passed on.
void Bulletin::publish_quota(std::string_view account, std::string_view window, QuotaWindow quota)
{
    const std::string subject = quota_subject(account, window);
    const auto known = find(subject);
    if (known && known->value == quota.used_percent && known->until == quota.resets_at)
        return;
    publish(subject, {rank_of(core::wall_now()), quota.resets_at, quota.used_percent});
}

std::optional<QuotaWindow> Bulletin::quota(std::string_view account, std::string_view window) const
{
    const auto note = find(quota_subject(account, window));
    if (!note)
        return std::nullopt;
    return QuotaWindow{static_cast<unsigned>(note->value), note->until};
}

void Bulletin::revoke(const core::Digest& key)
{
    const Timestamp until = core::wall_now() + kRevokedFor;
    publish(revoked_subject(key), {rank_of(until), until, 0});
}

bool Bulletin::is_revoked(const core::Digest& key) const
{
    return find(revoked_subject(key)).has_value();
}

void Bulletin::on_revoked(OnRevoked tell)
{
    const std::lock_guard lock(mutex_);
    on_revoked_ = std::move(tell);
}

void Bulletin::on_published(std::function<void(const std::string&, const Note&)> carry)
{
    const std::lock_guard lock(mutex_);
    carry_ = std::move(carry);
}

void Bulletin::publish(const std::string& subject, const Note& note)
{
    if (!accept(subject, note))
        return;
    std::function<void(const std::string&, const Note&)> carry;
    {
        const std::lock_guard lock(mutex_);
        carry = carry_;
    }
    if (carry)
        carry(subject, note);
}

void Bulletin::merge(const std::string& subject, const Note& note)
{
    accept(subject, note);
}

// True: it says more than what was known.
bool Bulletin::accept(const std::string& subject, const Note& note)
{
    const Timestamp now = core::wall_now();
    OnRevoked tell;
    {
        const std::lock_guard lock(mutex_);
        if (note.until <= now)
            return false;
        forget_old_ones(now);
        const auto [known, is_new] = notes_.try_emplace(subject, note);
        if (!is_new && known->second.rank >= note.rank && known->second.until > now)
            return false;
        known->second = note;
        if (is_new)
            tell = on_revoked_;
    }
    if (const auto key = revoked_key(subject); key && tell)
        tell(*key, note.until - kRevokedFor);
    return true;
}

Bulletin::Notes Bulletin::current() const
{
    const Timestamp now = core::wall_now();
    const std::lock_guard lock(mutex_);
    Notes notes = notes_;
    std::erase_if(notes, [&](const auto& each) { return each.second.until <= now; });
    return notes;
}

std::optional<Note> Bulletin::find(std::string_view subject) const
{
    const std::lock_guard lock(mutex_);
    const auto found = notes_.find(subject);
    if (found == notes_.end() || found->second.until <= core::wall_now())
        return std::nullopt;
    return found->second;
}

// With the mutex held.
void Bulletin::forget_old_ones(Timestamp now)
{
    if (notes_.size() < sweep_at_)
        return;
    std::erase_if(notes_, [&](const auto& each) { return each.second.until <= now; });
    sweep_at_ = std::max<std::size_t>(1'000, 2 * notes_.size());
}

} // namespace turngate::state
