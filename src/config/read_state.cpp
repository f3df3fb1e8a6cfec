#include "read.hpp"
#include "url.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>
#include <charconv>

namespace turngate::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUnix = "unix:";
constexpr unsigned kMostDatabase = 65'535;

bool read_database(std::string_view text, unsigned& out)
{
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && stop == end && out <= kMostDatabase;
}

bool read_unix(std::string_view url, Redis& out)
{
    const std::size_t query = std::min(url.find('?'), url.size());
    out.path = url.substr(0, query);
    const std::string_view rest = url.substr(query);
    constexpr std::string_view kDb = "?db=";
    return out.path.starts_with('/') &&
           (rest.empty() ||
            (rest.starts_with(kDb) && read_database(rest.substr(kDb.size()), out.database)));
}

bool read_userinfo(std::string_view userinfo, Redis& out)
{
    const std::size_t colon = std::min(userinfo.find(':'), userinfo.size());
    const auto user = core::percent_decode(userinfo.substr(0, colon));
    const auto password =
        core::percent_decode(userinfo.substr(std::min(colon + 1, userinfo.size())));
    if (!user || !password)
        return false;
    out.user = *user;
    out.password = *password;
    return true;
}

bool read_tcp(std::string_view text, Redis& out)
{
    const auto url = parse_url(text);
    if (!url || url->scheme != "redis" || !read_userinfo(url->userinfo, out))
        return false;
    out.host = url->host;
    if (!url->port.empty())
        std::from_chars(url->port.data(), url->port.data() + url->port.size(), out.port);
    const std::string_view database = url->rest.substr(std::min<std::size_t>(1, url->rest.size()));
    return url->rest.empty() ||
           (url->rest[0] == '/' && (database.empty() || read_database(database, out.database)));
}

void read_url(const Value& value, Redis& out)
{
    const auto url = value.text();
    if (!url)
        return;
    const bool is_fine =
        url->starts_with(kUnix) ? read_unix(url->substr(kUnix.size()), out) : read_tcp(*url, out);
    if (!is_fine)
        value.complain("must be redis://user:password@host:port/database or unix:/path?db=N");
}

void read_redis(Section redis, Redis& out)
{
    read_url(redis["url"], out);
    if (const auto user = redis.or_blank("user").text(); user && !user->empty())
        out.user = *user;
    const Value password = redis.or_blank("password");
    if (const auto given = password.text(); given && !given->empty())
        out.password = password.secret().value_or("");
    redis["timeout"].read_duration(out.timeout, 1ms, 10s);
    redis["hold_timeout"].read_duration(out.hold_timeout, 1ms, 10s);
}

} // namespace

void read_state(Section state, State& out)
{
    state["backend"].read_word<StateBackend>(
        out.backend, {{"memory", StateBackend::memory}, {"redis", StateBackend::redis}});
    const Value instance = state.or_blank("instance");
    if (const auto given = instance.text(); given && !given->empty()) {
        Names none;
        read_name(instance, out.instance, none);
    }
    read_redis(state["redis"].section(), out.redis);
}

} // namespace turngate::config
