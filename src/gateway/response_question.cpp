#include "response_question.hpp"

#include "door.hpp"

#include <algorithm>
#include <charconv>

namespace turngate::gateway {
namespace {

using What = ResponseQuestion::What;

constexpr std::string_view kCancel = "/cancel";

// The last part of the path; empty: it is no part below one of /responses.
std::string_view part_below_responses(std::string_view path)
{
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos || !is_responses_path(path.substr(0, slash)))
        return {};
    return path.substr(slash + 1);
}

std::optional<std::string_view> value_of(std::string_view query, std::string_view name)
{
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) == name)
            return pair.substr(std::min(equals + 1, pair.size()));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
    }
    return std::nullopt;
}

void read_query(std::string_view query, ResponseQuestion& question)
{
    const std::string_view stream = value_of(query, "stream").value_or("false");
    question.streams = stream == "true";
    if (!question.streams && stream != "false")
        question.odd_param = "stream";
    const auto after = value_of(query, "starting_after");
    if (!after)
        return;
    const char* const last = after->data() + after->size();
    const auto [end, error] = std::from_chars(after->data(), last, question.starting_after);
    if (error != std::errc{} || end != last || question.starting_after < 0)
        question.odd_param = "starting_after";
}

} // namespace

std::optional<ResponseQuestion> response_question(const net::HttpRequest& request)
{
    std::string_view path = request.path();
    ResponseQuestion question;
    if (request.method == "POST" && path.ends_with(kCancel)) {
        question.what = What::cancel;
        path.remove_suffix(kCancel.size());
    } else if (request.method == "DELETE") {
        question.what = What::remove;
    } else if (request.method == "GET" && !net::wants_websocket(request)) {
        read_query(request.query(), question);
    } else {
        return std::nullopt;
    }
    question.id = part_below_responses(path);
    return question.id.empty() ? std::nullopt : std::optional(std::move(question));
}

} // namespace turngate::gateway
