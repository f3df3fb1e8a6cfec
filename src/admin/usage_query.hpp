#pragma once

#include "turngate/admin/resource.hpp"
#include "turngate/usage/repository.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace turngate::admin {

// The parameters of /api/v1/usage. `complaint` says what is wrong with them; empty if nothing is.
struct UsageRequest
{
    usage::UsageQuery query;
    std::optional<usage::GroupBy> by;
    bool as_csv = false; // format=csv; json is the default
    std::string complaint;
};

// since, until: RFC 3339, a date, or a span back from now (24h, 7d).
UsageRequest read_usage_request(const std::vector<std::pair<std::string, std::string>>& query,
                                core::Timestamp now);

Answer answer_usage(const UsageRequest& wanted, usage::Ledger& ledger);

} // namespace turngate::admin
