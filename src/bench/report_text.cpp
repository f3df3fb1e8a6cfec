#include "report.hpp"

#include <fmt/format.h>

#include <iterator>

namespace turngate::bench {
namespace {

class Text
{
public:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args)
    {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_.push_back('\n');
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

double microseconds(std::chrono::nanoseconds time)
{
    return static_cast<double>(time.count()) / 1e3;
}

void add_percentiles(Text& text, const char* label, const Histogram& histogram)
{
    if (histogram.count() == 0)
        return;
    text.line("{:<22} p50 {:.1f} us, p99 {:.1f} us, max {:.1f} us",
              label,
              microseconds(histogram.percentile(0.5)),
              microseconds(histogram.percentile(0.99)),
              microseconds(histogram.percentile(1)));
}

void add_troubles(Text& text, const Tally& tally)
{
    for (const auto& [code, count] : tally.errors)
        text.line("{:<22} {} x {}", "error", count, code);
    for (const auto& [reason, count] : tally.refusals)
        text.line("{:<22} {} x {}", "no connection", count, reason);
    if (tally.lost + tally.timeouts > 0)
        text.line("{:<22} {} by the connection's end, {} by the deadline",
                  "turns lost",
                  tally.lost,
                  tally.timeouts);
    for (std::size_t i = 0; i < kViolations; ++i)
        if (tally.violations[i] > 0)
            text.line("{:<22} {} x {}",
                      "VIOLATION",
                      tally.violations[i],
                      name_of(static_cast<Violation>(i)));
    for (const std::string& sample : tally.samples)
        text.line("  {}", sample);
}

void add_verdict(Text& text, const Tally& tally)
{
    text.line("{:<22} {} events, {}",
              "verified",
              tally.events,
              tally.is_sound() ? "all in order" : "NOT in order");
    add_troubles(text, tally);
}

std::string number(double value)
{
    if (value >= 1'000)
        return fmt::format("{:.0f}", value);
    return value >= 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string value_of(const Row& row, const std::string& subject)
{
    const auto found = row.values.find(subject);
    return found == row.values.end() ? "-" : number(found->second);
}

const char* verdict_of(const Row& row)
{
    if (row.target.empty())
        return "";
    return row.met ? (*row.met ? "yes" : "NO") : "?";
}

} // namespace

std::string to_text(const LoadResult& result)
{
    Text text;
    const Measurement& measured = result.measured;
    const Tally& tally = measured.tally;
    text.line("{:<22} {} in {:.2f} s, {:.0f} a second",
              "turns",
              tally.turns,
              std::chrono::duration<double>(measured.wall).count(),
              measured.per_second(tally.turns));
    text.line("{:<22} {}, {:.0f} a second, {:.1f} MiB",
              "events",
              tally.events,
              measured.per_second(tally.events),
              static_cast<double>(tally.bytes_in) / (1 << 20));
    text.line("{:<22} {}", "connections", result.connections);
    text.line("{:<22} {:.2f} us an event, {:.1f} us a turn",
              "CPU of the bench",
              measured.own_cpu_us_per(tally.events),
              measured.own_cpu_us_per(tally.turns));
    if (result.has_process)
        text.line("{:<22} {:.2f} us an event, {:.1f} us a turn",
                  "CPU of the process",
                  measured.cpu_us_per(tally.events),
                  measured.cpu_us_per(tally.turns));
    if (result.kib_per_session)
        text.line("{:<22} {:.1f} KiB", "memory per session", *result.kib_per_session);
    add_percentiles(text, "connect", result.total.connect);
    add_percentiles(text, "first event", tally.first_event);
    add_percentiles(text, "turn", tally.turn);
    add_percentiles(text, "event", tally.event);
    add_verdict(text, result.total);
    return text.take();
}

std::string to_text(const ComparisonResult& result)
{
    Text text;
    text.line("Clients speak {}, turngate's upstream speaks {}.\n",
              name_of(result.sides.client),
              name_of(result.sides.upstream));
    std::string columns;
    for (const std::string& subject : result.subjects)
        columns += fmt::format("{:>10}", subject);
    text.line("{:<37}{:<5}{}{:>8}  {:<17}{}", "figure", "unit", columns, "ratio", "target", "met");
    for (const Row& row : result.rows) {
        std::string values;
        for (const std::string& subject : result.subjects)
            values += fmt::format("{:>10}", value_of(row, subject));
        const std::string ratio = row.ratio ? fmt::format("{:.2f}", *row.ratio) : "-";
        text.line("{:<37}{:<5}{}{:>8}  {:<17}{}",
                  row.label,
                  row.unit,
                  values,
                  ratio,
                  row.target,
                  verdict_of(row));
    }
    text.line("\nratio: turngate to the better proxy. Medians of the rounds.");
    for (const std::string& note : result.notes)
        text.line("note: {}", note);
    add_verdict(text, result.total);
    return text.take();
}

} // namespace turngate::bench
