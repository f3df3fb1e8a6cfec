#include "read.hpp"

#include <cstdlib>

namespace turngate::config {
namespace {

using namespace std::chrono_literals;

// Where nothing is said, data is where a service may write: systemd names that place, and so does
// the container's image.
void read_data_path(const Value& value, std::string& out)
{
    const char* service = std::getenv("STATE_DIRECTORY");
    if (!value.is_given() && service != nullptr && *service != '\0')
        out = std::string(service) + "/" + out;
    value.read_path(out);
}

void read_fsync(const Value& value, milliseconds& out)
{
    const auto word = value.text();
    if (word && *word == "always")
        out = 0ms;
    else if (word)
        value.read_duration(out, 1ms, 10s);
}

void read_journal(Section journal, Journal& out)
{
    read_data_path(journal["dir"], out.dir);
    read_fsync(journal["fsync"], out.fsync);
    journal["on_failure"].read_word<OnJournalFailure>(
        out.on_failure,
        {{"refuse", OnJournalFailure::refuse}, {"continue", OnJournalFailure::keep_serving}});
}

bool is_postgres_url(std::string_view url)
{
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

void read_postgres(Section postgres, bool is_needed, Postgres& out)
{
    const Value url = postgres["url"];
    if (is_needed || url.is_given())
        out.url = url.required().secret().value_or("");
    if (!out.url.empty() && !is_postgres_url(out.url))
        url.complain("must be a URL such as postgresql://user@host/database");
    postgres["pool"].read_number(out.pool, 2, 64); // one is the settler's
}

} // namespace

void read_usage(Section usage, Usage& out)
{
    usage["repository"].read_word<UsageBackend>(
        out.repository, {{"sqlite", UsageBackend::sqlite}, {"postgres", UsageBackend::postgres}});
    Section sqlite = usage["sqlite"].section();
    read_data_path(sqlite["path"], out.sqlite_path);
    read_postgres(
        usage["postgres"].section(), out.repository == UsageBackend::postgres, out.postgres);
    read_journal(usage["journal"].section(), out.journal);
    usage["aborted_turns"].read_word<AbortedTurns>(out.aborted_turns,
                                                   {{"estimate", AbortedTurns::estimate},
                                                    {"free", AbortedTurns::free},
                                                    {"drain", AbortedTurns::drain}});
    usage["drain_timeout"].read_duration(out.drain_timeout, 100ms, 10min);
}

} // namespace turngate::config
