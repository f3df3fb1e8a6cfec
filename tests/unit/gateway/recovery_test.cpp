#include "recovery.hpp"

#include <gtest/gtest.h>

#include <set>

namespace turngate::gateway {
namespace {

using core::Fault;
using core::FaultCode;
using What = Action::What;

// Every fault, whatever the client has seen: this version makes no second attempt.
TEST(Decide, HasARowForEveryFault)
{
    struct Row
    {
        FaultCode code;
        int status;
        What what;
        FaultCode tell;
    };
    const Row rows[] = {
        {FaultCode::client_gone, 0, What::drop, FaultCode::client_gone},
        {FaultCode::invalid_json, 0, What::tell, FaultCode::invalid_json},
        {FaultCode::invalid_request, 0, What::tell, FaultCode::invalid_request},
        {FaultCode::unsupported_event, 0, What::tell, FaultCode::unsupported_event},
        {FaultCode::model_not_found, 0, What::tell, FaultCode::model_not_found},
        {FaultCode::invalid_stream_id, 0, What::tell, FaultCode::invalid_stream_id},
        {FaultCode::stream_limit_reached, 0, What::tell, FaultCode::stream_limit_reached},
        {FaultCode::request_too_large, 0, What::tell, FaultCode::request_too_large},
        {FaultCode::parent_not_found, 0, What::tell, FaultCode::parent_not_found},
        {FaultCode::invalid_api_key, 0, What::tell, FaultCode::invalid_api_key},
        {FaultCode::rate_limited, 0, What::tell, FaultCode::rate_limited},
        {FaultCode::quota_exceeded, 0, What::tell, FaultCode::quota_exceeded},
        {FaultCode::no_account, 0, What::tell, FaultCode::no_account},
        {FaultCode::gateway_draining, 0, What::tell, FaultCode::gateway_draining},
        {FaultCode::accounting_unavailable, 0, What::tell, FaultCode::accounting_unavailable},
        {FaultCode::internal_error, 0, What::tell, FaultCode::internal_error},
        {FaultCode::dial_failed, 0, What::tell, FaultCode::dial_failed},
        {FaultCode::dial_refused, 400, What::tell, FaultCode::dial_refused},
        {FaultCode::dial_refused,
         401,
         What::tell,
         FaultCode::no_account}, // our credential, not the client's
        {FaultCode::dial_refused, 403, What::tell, FaultCode::no_account},
        {FaultCode::dial_refused, 429, What::tell, FaultCode::rate_limited},
        {FaultCode::dial_refused, 500, What::tell, FaultCode::dial_refused},
        {FaultCode::dial_refused, 503, What::tell, FaultCode::dial_refused},
        {FaultCode::upstream_lost, 0, What::tell, FaultCode::upstream_lost},
        {FaultCode::upstream_restart, 0, What::tell, FaultCode::upstream_restart},
        {FaultCode::upstream_timeout, 0, What::tell, FaultCode::upstream_timeout},
        {FaultCode::upstream_error, 0, What::tell, FaultCode::upstream_error},
    };
    std::set<FaultCode> told;
    for (const Row& row : rows) {
        told.insert(row.code);
        for (const Seen seen : {Seen::nothing, Seen::lifecycle, Seen::content}) {
            const Facts facts{Fault{row.code, {}, "test", row.status}, seen, seen != Seen::nothing};
            const Action action = decide(facts);
            EXPECT_EQ(action.what, row.what) << core::name_of(row.code) << " " << row.status;
            EXPECT_EQ(action.tell, row.tell) << core::name_of(row.code) << " " << row.status;
        }
    }
    EXPECT_EQ(told.size(), static_cast<std::size_t>(FaultCode::upstream_error) + 1);
}

} // namespace
} // namespace turngate::gateway
