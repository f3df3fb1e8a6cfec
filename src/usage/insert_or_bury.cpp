#include "insert_or_bury.hpp"

namespace turngate::usage {

// One bad record must not keep the others out: the batch is halved until it is alone.
std::size_t insert_or_bury(Ledger& ledger,
                           const std::vector<UsageRecord>& records,
                           const OnBuried& on_buried)
{
    try {
        return ledger.insert(records);
    } catch (const RecordRefused& refusal) {
        if (records.size() == 1) {
            ledger.bury(records.front(), refusal.what());
            on_buried(records.front(), refusal.what());
            return 0;
        }
    }
    const auto half = records.begin() + static_cast<std::ptrdiff_t>(records.size() / 2);
    return insert_or_bury(ledger, {records.begin(), half}, on_buried) +
           insert_or_bury(ledger, {half, records.end()}, on_buried);
}

} // namespace turngate::usage
