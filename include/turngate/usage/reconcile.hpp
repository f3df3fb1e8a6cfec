#pragma once

#include "turngate/usage/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace turngate::usage {

// Whether a ledger has all that was written to the journal, and whether its balances are what its
// bills come to.
struct Reconciliation
{
    // The journal against the ledger.
    std::uint64_t settled = 0;                  // records that the ledger must have
    std::uint64_t waiting = 0;                  // records not yet settled: no difference
    std::uint64_t retired = 0;                  // of the settled: gone, as old as what was retired
    std::uint64_t torn_bytes = 0;               // of the journal, that are no records
    std::vector<UsageRecord> missing;           // of the settled: neither bills nor dead letters
    std::vector<BalanceDifference> differences; // balances against bills
    std::int64_t dead_letters = 0;              // bills that the ledger refused
    std::vector<DoubleBill> doubles;            // the dearest

    // What was done about it; nothing without `fix`.
    bool is_fix = false;
    std::vector<BalanceDifference> mended; // balances that were set to what they should be
    std::size_t put_back = 0;              // missing records that are bills now
    std::size_t buried = 0;                // missing records that the ledger refused

    // As it was found, whatever was done since.
    bool is_even() const noexcept
    {
        return missing.empty() && differences.empty() && dead_letters == 0 && doubles.empty();
    }
    // What only a person can set right: a refused bill, and one too many.
    bool is_left() const noexcept { return dead_letters > 0 || buried > 0 || !doubles.empty(); }
};

// Compares, which goes through all bills: it takes its time. With `fix`, sets balances right and
// inserts what is missing, which moves them as ever. Works beside gateways on the same ledger and
// journal: takes no lock on the journal, and holds up inserts only while it sets balances right, if
// there are any wrong ones. Throws std::runtime_error when the ledger fails or the journal cannot
// be read; another run goes on from there.
Reconciliation reconcile(Ledger& ledger, const std::string& journal_dir, bool fix);

std::string to_text(const Reconciliation& reconciliation); // lines for people
std::string to_json(const Reconciliation& reconciliation);

} // namespace turngate::usage
