#include "response_question.hpp"

#include "door.hpp"

#include <algorithm>
#include <charconv>

namespace turngate::gateway {
namespace {

using What = ResponseQuestion::What;

constexpr std::string_view kCancel = "/cancel";
constexpr std::string_view kInputItems = "/input_items";

// Brackets as they are, or encoded.
constexpr std::string_view kForAccounts[] = {
    "include", "include[]", "include%5B%5D", "include%5b%5d", "after", "limit", "order"};

// The last part of the path; empty: it is no part below one of /responses.
std::string_view part_below_responses(std::string_view path)
{
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos || !is_responses_path(path.substr(0, slash)))
        return {};
    return path.substr(slash + 1);
}

// Calls f(name, pair) for each parameter.
template <class F>
void each_parameter(std::string_view query, F&& f)
{
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        f(pair.substr(0, pair.find('=')), pair);
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
    }
}

// The first one's.
std::optional<std::string_view> value_of(std::string_view query, std::string_view name)
{
    std::optional<std::string_view> value;
    each_parameter(query, [&](std::string_view its, std::string_view pair) {
        if (its == name && !value)
            value = pair.substr(std::min(its.size() + 1, pair.size()));
    });
    return value;
}

std::string for_accounts(std::string_view query)
{
    std::string kept;
    each_parameter(query, [&](std::string_view name, std::string_view pair) {
        if (std::ranges::find(kForAccounts, name) != std::end(kForAccounts))
            kept.append(kept.empty() ? "" : "&").append(pair);
    });
    return kept;
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
    } else if (request.method == "GET" && path.ends_with(kInputItems)) {
        question.what = What::input_items;
        question.query = for_accounts(request.query());
        path.remove_suffix(kInputItems.size());
    } else if (request.method == "GET" && !net::wants_websocket(request)) {
        question.query = for_accounts(request.query());
        read_query(request.query(), question);
    } else {
        return std::nullopt;
    }
    question.id = part_below_responses(path);
    return question.id.empty() ? std::nullopt : std::optional(std::move(question));
}

} // namespace turngate::gateway
