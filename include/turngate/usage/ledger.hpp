#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"
#include "turngate/core/money.hpp"
#include "turngate/usage/repository.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turngate::usage {

// What a user has: credit − spent. Users of the configuration are here too, from their first bill
// on, without credit: theirs is in the file.
struct UserBalance
{
    std::string user;
    std::optional<core::NanoUsd> credit; // nothing: none given here
    core::NanoUsd spent;                 // the sum of the user's bills, retired ones too
    std::int64_t revision = 0; // grows whenever `spent` moves: the greater one is the newer figure
};

struct KeyBalance
{
    std::string key;
    std::optional<core::NanoUsd> quota; // nothing: none given here
    core::NanoUsd used;                 // the sum of the key's bills, retired ones too
    std::int64_t revision = 0;          // as a user's
};

struct Balances
{
    std::vector<UserBalance> users; // by name
    std::vector<KeyBalance> keys;   // by name
};

// A key that `keys create` made. 0: no limit.
struct StoredKey
{
    std::string name;
    core::Digest digest; // of the secret, which nobody keeps
    std::string user;
    std::string group;
    std::optional<core::NanoUsd> quota;
    std::int64_t rpm = 0;
    std::int64_t tpm = 0;
    std::optional<core::Timestamp> expires;
    std::optional<core::Timestamp> revoked;
    core::Timestamp created;
    core::NanoUsd used;

    bool operator==(const StoredKey&) const = default;
};

// What to change of a key; nothing: as it is.
struct KeyChange
{
    std::optional<std::optional<core::NanoUsd>> quota{};
    std::optional<std::int64_t> rpm{};
    std::optional<std::int64_t> tpm{};
    std::optional<std::optional<core::Timestamp>> expires{};
};

// Who moves a credit, and why.
struct CreditReason
{
    std::string by;
    std::string note;
};

// A line of the book of credits.
struct CreditEntry
{
    std::string user;
    std::optional<core::NanoUsd> added;  // nothing: the credit was set
    std::optional<core::NanoUsd> credit; // after it; nothing: no limit
    CreditReason reason;
    core::Timestamp made;
};

// A response of an account that has more than one bill.
struct DoubleBill
{
    std::string account;
    std::string upstream_response_id;
    std::int64_t bills = 0;
    core::NanoUsd cost; // of all of them
};

// A record that insert() refused, kept for somebody to look at.
struct DeadLetter
{
    std::string response_uid;
    std::string reason;
    std::string record; // its JSON
    core::Timestamp refused_at;
};

// What became of a dead letter that was tried again.
struct RetriedLetter
{
    enum class End : std::uint8_t {
        unknown, // there is no letter of that uid
        settled, // it is a bill now, and the letter is gone
        refused, // the letter stays
    };
    End end = End::unknown;
    std::string reason; // why it was refused
};

// What a user's or key's bills come to.
struct Sum
{
    std::string name;
    core::NanoUsd spent;
    std::int64_t revision = 0; // as a UserBalance's

    bool operator==(const Sum&) const = default;
};

struct Settled
{
    std::size_t count = 0; // records that are bills from now on
    // Of each user and key that the records name, with all these records in it.
    std::vector<Sum> users;
    std::vector<Sum> keys;
};

// Rows as they are now that have changed since another reading; some may not have.
struct Changes
{
    std::vector<UserBalance> users;
    std::vector<KeyBalance> keys;
    std::vector<StoredKey> stored_keys; // revoked too
    std::size_t dead_letters = 0;       // that there are
    std::int64_t until = 0;             // for the next reading
};

// A balance that is not the sum of its bills.
struct BalanceDifference
{
    enum class Of : std::uint8_t { user, key };
    Of of = Of::user;
    std::string name;
    std::optional<core::NanoUsd> is; // nothing: the bills are there, a balance is not
    core::NanoUsd should_be;         // what was retired, the bills, and what dead letters count
};

// The whole of a usage database: bills, what they come to for each user and key, keys made on the
// command line, and bills that could not be taken. Not thread-safe; throws as UsageRepository does.
class Ledger : public UsageRepository
{
public:
    // From now on what is asked is given up at that moment, here and at the database, as far as it
    // can be: it throws OutOfTime. Not of one who cannot.
    virtual void give_up_at(core::Deadline) {}

    // As insert(), which is this: spent and used move in the same transaction, for the records that
    // are new. A bill takes the place of its dead letter, if it has one.
    virtual Settled settle(const std::vector<UsageRecord>& records) = 0;
    std::size_t insert(const std::vector<UsageRecord>& records) final
    {
        return settle(records).count;
    }

    // Puts a record that settle() refused aside, whatever is in it. What it costs counts as spent,
    // if there is room for it. Once: a second time, or of a bill that is there, it is nothing.
    virtual Settled bury(const UsageRecord& record, const std::string& reason) = 0;
    virtual std::vector<DeadLetter> dead_letters(unsigned limit) = 0; // newest first
    virtual std::int64_t dead_letter_count() = 0;

    virtual std::vector<DoubleBill> billed_twice(unsigned limit) = 0; // the dearest first

    // Tries to make a bill of a letter, in one transaction: it is never both, and never counts
    // twice.
    virtual RetriedLetter retry(const std::string& response_uid) = 0;

    // Deletes the bills that started before, at most `portion` in a transaction and with pauses, so
    // that inserting is never held up for long. Returns how many there were. Balances stay as they
    // are. Throws std::invalid_argument for less than a day ago: settling may still be at work
    // there.
    virtual std::size_t retire(core::Timestamp before, unsigned portion) = 0;
    std::size_t retire(core::Timestamp before) { return retire(before, 5'000); }
    virtual std::optional<core::Timestamp> retired_before() = 0; // the latest of these calls

    // Which of these the ledger has neither as a bill nor as a dead letter.
    virtual std::vector<std::string> missing(const std::vector<std::string>& uids) = 0;

    virtual std::vector<BalanceDifference> balance_differences() = 0; // users, then keys, by name
    // Sets the balances that differ to what they should be; no bill comes or goes meanwhile.
    // Returns what differed.
    virtual std::vector<BalanceDifference> mend_balances() = 0;

    virtual Balances balances() = 0;
    // Of balances() and keys() what has changed since the reading that ended there; 0: all. A row
    // that was deleted is no change.
    virtual Changes changes(std::int64_t since) = 0;
    virtual std::optional<UserBalance> find_user(const std::string& name) = 0;

    // Each is a line in the book, too. Adding starts from nothing where there was no limit; what is
    // added at the same time adds up. Throws RecordRefused for a sum that does not fit; returns it.
    virtual void set_credit(const std::string& user,
                            std::optional<core::NanoUsd> credit,
                            const CreditReason& reason = {}) = 0;
    virtual core::NanoUsd add_credit(const std::string& user,
                                     core::NanoUsd amount,
                                     const CreditReason& reason) = 0;
    virtual std::vector<CreditEntry> credit_book(const std::string& user,
                                                 unsigned limit) = 0; // newest first

    // False: the name is a live key's, or the secret is taken. The bills of a name stay its own,
    // whatever key they came by: they count against the new key's quota.
    virtual bool create_key(const StoredKey& key) = 0;
    virtual bool change_key(const std::string& name,
                            const KeyChange& change) = 0; // false: no such live key
    virtual std::vector<StoredKey> keys() = 0;            // by name, revoked too
    virtual std::optional<StoredKey> find_key(const std::string& name) = 0;
    virtual bool revoke_key(const std::string& name,
                            core::Timestamp at) = 0; // false: no such live key
};

} // namespace turngate::usage
