#include "settle_or_bury.hpp"

#include <algorithm>
#include <iterator>

namespace turngate::usage {
namespace {

void append(std::vector<Sum>& to, std::vector<Sum> sums)
{
    std::ranges::move(sums, std::back_inserter(to));
}

} // namespace

// One bad record must not keep the others out: the batch is halved until it is alone.
Settled settle_or_bury(Ledger& ledger,
                       const std::vector<UsageRecord>& records,
                       const OnBuried& on_buried)
{
    try {
        return ledger.settle(records);
    } catch (const RecordRefused& refusal) {
        if (records.size() == 1) {
            Settled sums = ledger.bury(records.front(), refusal.what());
            on_buried(records.front(), refusal.what());
            return sums;
        }
    }
    const auto half = records.begin() + static_cast<std::ptrdiff_t>(records.size() / 2);
    Settled first = settle_or_bury(ledger, {records.begin(), half}, on_buried);
    Settled second = settle_or_bury(ledger, {half, records.end()}, on_buried);
    first.count += second.count;
    append(first.users, std::move(second.users));
    append(first.keys, std::move(second.keys));
    return first;
}

} // namespace turngate::usage
