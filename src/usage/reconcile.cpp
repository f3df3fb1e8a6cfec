#include "turngate/usage/reconcile.hpp"

#include "journal_audit.hpp"
#include "settle_or_bury.hpp"

#include <map>

namespace turngate::usage {
namespace {

constexpr std::size_t kBatch = 512;
constexpr unsigned kMostDoubles = 1000;

using Records = std::map<std::string, UsageRecord>; // by response_uid

std::vector<std::string> uids_of(const Records& records)
{
    std::vector<std::string> uids;
    for (const auto& [uid, record] : records)
        uids.push_back(uid);
    return uids;
}

Records missing_of(Ledger& ledger, const Records& records)
{
    Records missing;
    for (const std::string& uid : ledger.missing(uids_of(records)))
        missing.insert(*records.find(uid));
    return missing;
}

// Asked for twice: settling goes on meanwhile. The mark of retention is read last, since it is
// written before anything is deleted.
void compare_journal(Ledger& ledger, const std::string& dir, Reconciliation& found)
{
    Records suspects;
    const JournalAudit audit = audit_journal(dir, [&](const std::vector<UsageRecord>& records) {
        Records batch;
        for (const UsageRecord& record : records)
            batch.emplace(record.response_uid, record);
        suspects.merge(missing_of(ledger, batch));
    });
    found.settled = audit.settled;
    found.waiting = audit.waiting;
    found.torn_bytes = audit.torn_bytes;
    const Records missing = missing_of(ledger, suspects);
    const auto mark = ledger.retired_before();
    for (const auto& [uid, record] : missing) {
        if (mark && record.started_at < *mark)
            ++found.retired;
        else
            found.missing.push_back(record);
    }
}

void put_back(Ledger& ledger, Reconciliation& found)
{
    const auto count = [&found](const UsageRecord&, const std::string&) { ++found.buried; };
    for (std::size_t at = 0; at < found.missing.size(); at += kBatch) {
        const auto first = found.missing.begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t size = std::min(kBatch, found.missing.size() - at);
        const std::vector<UsageRecord> batch(first, first + static_cast<std::ptrdiff_t>(size));
        found.put_back += settle_or_bury(ledger, batch, count).count;
    }
}

} // namespace

// Balances first: inserting keeps them right from then on, and a wrong one that has no room left
// would make a dead letter of a good record.
Reconciliation reconcile(Ledger& ledger, const std::string& journal_dir, bool fix)
{
    Reconciliation found;
    compare_journal(ledger, journal_dir, found);
    found.differences = ledger.balance_differences();
    found.dead_letters = ledger.dead_letter_count();
    found.doubles = ledger.billed_twice(kMostDoubles);
    found.is_fix = fix;
    if (fix && !found.differences.empty())
        found.mended = ledger.mend_balances();
    if (fix)
        put_back(ledger, found);
    return found;
}

} // namespace turngate::usage
