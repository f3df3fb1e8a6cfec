// Dead letters that are tried again.
#include "principals.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace turngate::app {
namespace {

void retry(usage::Ledger& ledger, const std::string& response_uid, Retried& retried)
{
    using End = usage::RetriedLetter::End;
    const usage::RetriedLetter one = ledger.retry(response_uid);
    switch (one.end) {
    case End::unknown:
        throw Refused(Refused::Why::unknown, "uid", "no dead letter is of that response");
    case End::settled:
        ++retried.settled;
        return;
    case End::refused:
        retried.refused.emplace_back(response_uid, one.reason);
        return;
    }
}

} // namespace

// Another gateway, or another operator, may have settled one meanwhile.
Retried retry_letters(usage::Ledger& ledger)
{
    Retried retried;
    for (const auto& letter : ledger.dead_letters(std::numeric_limits<unsigned>::max())) {
        try {
            retry(ledger, letter.response_uid, retried);
        } catch (const Refused&) {
        }
    }
    return retried;
}

Retried retry_letter(usage::Ledger& ledger, const std::string& response_uid)
{
    Retried retried;
    retry(ledger, response_uid, retried);
    return retried;
}

std::string to_json(const Retried& retried)
{
    nlohmann::ordered_json json{{"settled", retried.settled},
                                {"refused", nlohmann::ordered_json::array()}};
    for (const auto& [uid, reason] : retried.refused)
        json["refused"].push_back({{"response_uid", uid}, {"reason", reason}});
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace turngate::app
