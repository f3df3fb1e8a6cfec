#include "turngate/protocol/client_event.hpp"

#include "client_rules.hpp"

#include <algorithm>
#include <stdexcept>

namespace turngate::protocol {
namespace {

boost::system::result<ClientEvent, Rejection> judge(Shape shape, ClientFields fields)
{
    switch (shape) {
    case Shape::no_json:
        return Rejection{core::FaultCode::invalid_json, "The message is not valid JSON.", {}, {}};
    case Shape::no_object:
        return Rejection{
            core::FaultCode::invalid_request, "The message must be a JSON object.", {}, {}};
    case Shape::object:
        break;
    }
    return judge(std::move(fields));
}

} // namespace

boost::system::result<ClientEvent, Rejection> ClientEventReader::read(std::string_view frame)
{
    ClientFields fields;
    const Shape shape = scan(frame, fields);
    return judge(shape, std::move(fields));
}

bool is_lane_name(std::string_view name) noexcept
{
    const auto is_legal = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    };
    return !name.empty() && name.size() <= 256 && std::ranges::all_of(name, is_legal);
}

void throw_exception_from_error(const Rejection& rejection, const boost::source_location& at)
{
    throw std::logic_error("unchecked rejection " + rejection.message + " in " +
                           at.function_name());
}

} // namespace turngate::protocol
