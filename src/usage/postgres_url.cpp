#include "postgres_url.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace turngate::usage {
namespace {

constexpr const char* kHint = ": characters such as @ / ? # % in a user name or a password are "
                              "written as %40 %2F %3F %23 %25";

// What stands before the last @ is a user and a password: libpq ends them at the first.
bool is_torn(std::string_view url)
{
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos)
        return false;
    const std::string_view rest = url.substr(scheme + 3);
    const auto at = rest.rfind('@');
    return at != std::string_view::npos &&
           rest.substr(0, at).find_first_of("@/?#") != std::string_view::npos;
}

bool is_read_by_libpq(const std::string& url)
{
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url.c_str(), nullptr), PQconninfoFree);
    return options != nullptr;
}

} // namespace

void check_postgres_url(const std::string& url)
{
    if (is_torn(url) || !is_read_by_libpq(url))
        throw std::runtime_error(std::string("usage.postgres.url: cannot be read") + kHint);
}

} // namespace turngate::usage
