#include "query.hpp"

#include "turngate/core/bytes.hpp"
#include "turngate/core/clock.hpp"

#include <algorithm>

namespace turngate::admin {
namespace {

constexpr std::string_view kShortest = "2026-11-01T20:00:00 08:00"; // a `+` became the space
constexpr std::string_view kOffset = " 08:00";

std::string decode(std::string_view text)
{
    std::string spaced(text);
    std::ranges::replace(spaced, '+', ' ');
    std::string decoded = core::percent_decode(spaced).value_or(spaced);
    if (decoded.size() < kShortest.size() || decoded[decoded.size() - kOffset.size()] != ' ')
        return decoded;
    std::string time = decoded;
    time[time.size() - kOffset.size()] = '+';
    return core::read_time(time, {}) ? time : decoded;
}

} // namespace

std::vector<std::pair<std::string, std::string>> read_query(std::string_view query)
{
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty())
            continue;
        const auto equals = std::min(pair.find('='), pair.size());
        parameters.emplace_back(decode(pair.substr(0, equals)),
                                decode(pair.substr(std::min(equals + 1, pair.size()))));
    }
    return parameters;
}

std::optional<std::vector<std::string>> read_segments(std::string_view path)
{
    std::vector<std::string> segments;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        auto segment = core::percent_decode(path.substr(0, end));
        if (!segment)
            return std::nullopt;
        segments.push_back(std::move(*segment));
        path.remove_prefix(end);
    }
    return segments;
}

} // namespace turngate::admin
