#include "turngate/admin/resource.hpp"

#include "turngate/protocol/error_event.hpp"

namespace turngate::admin {
namespace {

std::string_view type_of(int status)
{
    if (status == 401)
        return "authentication_error";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

} // namespace

std::string_view Request::parameter(std::string_view name) const noexcept
{
    for (const auto& [each, value] : query)
        if (each == name)
            return value;
    return {};
}

Answer refusal(int status, std::string_view message, std::string_view code)
{
    return {status, protocol::error_body(message, type_of(status), code)};
}

Answer nothing_here()
{
    return refusal(404, "There is nothing here.", "not_found");
}

} // namespace turngate::admin
