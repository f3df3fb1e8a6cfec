#include "control.hpp"

#include <charconv>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace turngate::sim {
namespace {

net::HttpResponse json_answer(int status, std::string body)
{
    net::HttpResponse response;
    response.status = status;
    response.headers.add("content-type", "application/json");
    response.body = std::move(body);
    return response;
}

std::string_view parameter(std::string_view query, std::string_view name)
{
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return pair.substr(equals + 1);
    }
    return {};
}

std::optional<unsigned> number(std::string_view text)
{
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

// The chosen ones; a copy, since each leaves the map in its own time.
std::vector<Endable*> chosen(const Connections& connections, std::string_view which)
{
    std::vector<Endable*> found;
    const auto only = number(which);
    for (const auto& [id, connection] : connections)
        if (which == "all" || only == id)
            found.push_back(connection);
    return found;
}

net::HttpResponse count_of(std::size_t connections)
{
    if (connections == 0)
        return refusal(404, "not_found", "No such connection is open.");
    return json_answer(200, "{\"connections\":" + std::to_string(connections) + "}\n");
}

} // namespace

net::HttpResponse refusal(int status, std::string_view code, std::string_view message)
{
    Error error;
    error.code = code;
    error.message = message;
    return json_answer(status, error_body(error) + "\n");
}

bool is_responses_path(std::string_view path) noexcept
{
    return path.ends_with("/responses");
}

net::HttpResponse Control::answer(const net::HttpRequest& request)
{
    const std::string_view path = request.path();
    const bool is_post = request.method == "POST";
    if (path == "/_sim/stats" && request.method == "GET")
        return json_answer(200, world_.stats.to_json());
    if (path == "/_sim/script" && is_post)
        return replace_script(request);
    if (path == "/_sim/close" && is_post)
        return close(request.query());
    if (path == "/_sim/reset" && is_post)
        return reset(request.query());
    return no_such_thing(request);
}

net::HttpResponse Control::replace_script(const net::HttpRequest& request)
{
    try {
        world_.script = read_script(request.body);
        return json_answer(200, "{}\n");
    } catch (const std::exception& wrong) {
        return refusal(400, "invalid_script", wrong.what());
    }
}

net::HttpResponse Control::close(std::string_view query)
{
    const auto code = number(parameter(query, "code")).value_or(1000);
    const auto connections = chosen(connections_, parameter(query, "connection"));
    for (Endable* connection : connections)
        connection->close(static_cast<std::uint16_t>(code), "asked for");
    return count_of(connections.size());
}

net::HttpResponse Control::reset(std::string_view query)
{
    const auto connections = chosen(connections_, parameter(query, "connection"));
    for (Endable* connection : connections)
        connection->reset();
    return count_of(connections.size());
}

net::HttpResponse Control::no_such_thing(const net::HttpRequest& request) const
{
    if (!is_responses_path(request.path()) || request.method != "GET")
        return refusal(404, "not_found", "There is nothing here.");
    net::HttpResponse response = refusal(426, "upgrade_required", "Connect with a WebSocket.");
    response.headers.add("upgrade", "websocket");
    response.headers.add("connection", "upgrade");
    return response;
}

} // namespace turngate::sim
