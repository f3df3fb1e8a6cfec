#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::state {

// How much of an account's quota window is used.
struct QuotaWindow
{
    unsigned used_percent = 0;
    core::Timestamp resets_at{};
};

// One piece of news, as it is told to other gateways. Of two about the same subject the one of
// higher rank counts; after `until` it is no news any more.
struct Note
{
    std::int64_t rank = 0;
    core::Timestamp until{};
    std::int64_t value = 0; // of cooling: kLifted or 0; of a quota: percent

    bool operator==(const Note&) const = default;
};

// What a gateway has learnt about accounts and keys, for itself and for those it shares a state
// with: cooling, quota windows, revocations. Reading never leaves the process; what is published is
// with the others within two seconds. Safe from all threads.
class Bulletin
{
public:
    // The account is not to be used for the model (empty: for any) before then; the later of two
    // stays, until an operator lifts all of the account's.
    void publish_cooling(std::string_view account, std::string_view model, core::Timestamp until);
    void lift_cooling(std::string_view account);
    std::optional<core::Timestamp> cooling(std::string_view account, std::string_view model) const;

    struct Cooling
    {
        std::string account;
        std::string model;
        core::Timestamp until;
        bool is_lifted = false;
        std::int64_t rank = 0; // a later word about the same has a higher one
    };
    std::vector<Cooling> coolings() const; // of all accounts

    // The window's last known use; `window` as the vendor names it (primary, secondary).
    void publish_quota(std::string_view account, std::string_view window, QuotaWindow quota);
    std::optional<QuotaWindow> quota(std::string_view account, std::string_view window) const;

    // Remembered for a day: until then every gateway has it from its repository.
    void revoke(const core::Digest& key);
    bool is_revoked(const core::Digest& key) const;

    // Called once for each key, wherever it was revoked, with the time of it, on any thread; from
    // now on.
    using OnRevoked = std::function<void(const core::Digest&, core::Timestamp)>;
    void on_revoked(OnRevoked tell);

    // For whoever carries the news between gateways.
    using Notes = std::map<std::string, Note, std::less<>>;
    void merge(const std::string& subject, const Note& note);
    Notes current() const;
    void on_published(std::function<void(const std::string&, const Note&)> carry);

private:
    void publish(const std::string& subject, const Note& note);
    bool accept(const std::string& subject, const Note& note);
    std::optional<Note> find(std::string_view subject) const;
    void forget_old_ones(core::Timestamp now);

    mutable std::mutex mutex_;
    Notes notes_;
    std::size_t sweep_at_ = 1'000;
    OnRevoked on_revoked_;
    std::function<void(const std::string&, const Note&)> carry_;
};

} // namespace turngate::state
