#include "read.hpp"

namespace turngate::config {
namespace {

using namespace std::chrono_literals;

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
    journal["dir"].read_text(out.dir);
    read_fsync(journal["fsync"], out.fsync);
    journal["on_failure"].read_word<OnJournalFailure>(
        out.on_failure,
        {{"refuse", OnJournalFailure::refuse}, {"continue", OnJournalFailure::keep_serving}});
}

} // namespace

void read_usage(Section usage, Usage& out)
{
    enum class Repository : std::uint8_t { sqlite, postgres } repository{};
    usage["repository"].read_word<Repository>(
        repository, {{"sqlite", Repository::sqlite}, {"postgres", Repository::postgres}});
    Section sqlite = usage["sqlite"].section();
    sqlite["path"].read_text(out.sqlite_path);
    read_journal(usage["journal"].section(), out.journal);
    usage["aborted_turns"].read_word<AbortedTurns>(out.aborted_turns,
                                                   {{"estimate", AbortedTurns::estimate},
                                                    {"free", AbortedTurns::free},
                                                    {"drain", AbortedTurns::drain}});
}

} // namespace turngate::config
