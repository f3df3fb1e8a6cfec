#include "turngate/usage/known_books.hpp"

#include <algorithm>

namespace turngate::usage {
namespace {

bool is_news(const UserBalance& known, const UserBalance& row)
{
    return row.revision > known.revision || row.credit != known.credit;
}

bool is_news(const KeyBalance& known, const KeyBalance& row)
{
    return row.revision > known.revision || row.quota != known.quota;
}

void take_sum(UserBalance& known, core::NanoUsd spent, std::int64_t revision)
{
    known.spent = revision >= known.revision ? spent : known.spent;
    known.revision = std::max(known.revision, revision);
}

void take_sum(KeyBalance& known, core::NanoUsd used, std::int64_t revision)
{
    known.used = revision >= known.revision ? used : known.used;
    known.revision = std::max(known.revision, revision);
}

void merge_user(KnownBooks& books, const UserBalance& row, std::vector<UserBalance>& news)
{
    const auto [at, is_new] = books.users.try_emplace(row.user, row);
    if (!is_new && !is_news(at->second, row))
        return;
    at->second.credit = row.credit;
    take_sum(at->second, row.spent, row.revision);
    news.push_back(at->second);
}

void merge_key(KnownBooks& books, const KeyBalance& row, std::vector<KeyBalance>& news)
{
    const auto [at, is_new] = books.keys.try_emplace(row.key, row);
    if (!is_new && !is_news(at->second, row))
        return;
    at->second.quota = row.quota;
    take_sum(at->second, row.used, row.revision);
    news.push_back(at->second);
}

} // namespace

Changes KnownBooks::merge(Changes rows)
{
    Changes news;
    for (const UserBalance& row : rows.users)
        merge_user(*this, row, news.users);
    for (const KeyBalance& row : rows.keys)
        merge_key(*this, row, news.keys);
    for (StoredKey& row : rows.stored_keys) {
        row.used = {};
        const auto [at, is_new] = stored_keys.try_emplace(row.name, row);
        if (!is_new && at->second == row)
            continue;
        at->second = row;
        news.stored_keys.push_back(std::move(row));
    }
    return news;
}

Changes KnownBooks::merge(const Settled& sums)
{
    Changes news;
    for (const Sum& sum : sums.users) {
        const auto known = users.find(sum.name);
        const auto credit = known == users.end() ? std::nullopt : known->second.credit;
        merge_user(*this, {sum.name, credit, sum.spent, sum.revision}, news.users);
    }
    for (const Sum& sum : sums.keys) {
        const auto known = keys.find(sum.name);
        const auto quota = known == keys.end() ? std::nullopt : known->second.quota;
        merge_key(*this, {sum.name, quota, sum.spent, sum.revision}, news.keys);
    }
    return news;
}

} // namespace turngate::usage
