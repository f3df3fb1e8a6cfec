#include "open_doors.hpp"

#include "turngate/telemetry/log.hpp"

#include <filesystem>

namespace turngate::app {
namespace {

namespace fs = std::filesystem;

void tell_if_open(const std::string& path, const char* should_be)
{
    std::error_code absent;
    const fs::perms mode = fs::status(path, absent).permissions();
    if (!absent && (mode & fs::perms::others_all) != fs::perms::none)
        telemetry::log_warn("every user of this machine can read bills",
                            {{"path", path}, {"should_be", should_be}});
}

} // namespace

void tell_of_open_doors(const config::Usage& usage)
{
    if (usage.repository == config::UsageBackend::sqlite)
        tell_if_open(usage.sqlite_path, "0600");
    tell_if_open(usage.journal.dir, "0700");
}

} // namespace turngate::app
