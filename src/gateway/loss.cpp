#include "loss.hpp"

#include "turngate/protocol/close_code.hpp"

namespace turngate::gateway {

using core::FaultCode;

core::Fault fault_of(const net::Closing& closing, bool has_output)
{
    if (closing.by == net::Closing::By::silent)
        return {FaultCode::upstream_timeout, closing.error, "upstream silent"};
    if (closing.code == protocol::service_restart || closing.code == protocol::try_again_later)
        return {FaultCode::upstream_restart, closing.error, "upstream restart"};
    if (closing.by == net::Closing::By::peer && closing.code == protocol::message_too_big &&
        !has_output)
        return {FaultCode::create_too_large, closing.error, "upstream closed 1009"};
    return {FaultCode::upstream_lost, closing.error, "upstream lost"};
}

} // namespace turngate::gateway
