#include "figure.hpp"

#include <algorithm>

namespace turngate::bench {
namespace {

enum class Against : std::uint8_t {
    nothing, // no target
    number,  // the limit itself
    nginx,   // limit times its value
    haproxy,
    better // of the two
};

struct Target
{
    Against against = Against::nothing;
    double limit = 0;
    const char* text = "";
};

using Values = std::map<std::string, double>;

struct Spec
{
    Figure figure;
    const char* label;
    const char* unit;
    Target target;
    std::optional<Target> over_http{}; // the target there, where it is another one
    bool over_direct = false;          // what the subject adds to a direct connection
};

const std::vector<Spec>& specs()
{
    using enum Figure;
    static const Target kAddedLatency{Against::better, 1.2, "<= 1.2 x better"};
    static const Target kFlat{Against::number, 1.15, "flat (<= 1.15)"};
    static const Target kMemory{Against::number, 12, "<= 12 KiB"};
    static const Target kHttpEvent{Against::nginx, 1.2, "<= 1.2 x nginx"};
    static const Target kHttpTurn{Against::nginx, 1.5, "<= 1.5 x nginx"};
    static const Target kNone;
    static const std::vector<Spec> specs{
        {saturated_cpu,
         "CPU per event, saturated",
         "us",
         {Against::haproxy, 1.0, "<= haproxy"},
         kHttpEvent},
        {saturated_rate, "events per second, saturated", "1/s", {}},
        {paced_cpu,
         "CPU per event, paced",
         "us",
         {Against::nginx, 1.1, "<= 1.1 x nginx"},
         kHttpEvent},
        {event_p50, "added latency per event, p50", "us", kAddedLatency, kNone, true},
        {event_p99, "added latency per event, p99", "us", kAddedLatency, kNone, true},
        {first_p50, "added latency to first event, p50", "us", {}, {}, true},
        {first_p99, "added latency to first event, p99", "us", {}, {}, true},
        {connect_cpu,
         "CPU per connect + turn + close",
         "us",
         {Against::nginx, 1.3, "<= 1.3 x nginx"},
         kNone},
        {bulk_cpu,
         "CPU per turn, 1 MiB in and out",
         "ms",
         {Against::haproxy, 1.2, "<= 1.2 x haproxy"},
         kNone},
        {idle_memory, "memory per idle session", "KiB", kMemory},
        {turn_cpu, "CPU per short turn", "us", {}, kHttpTurn},
        {many_cpu_growth, "CPU per turn, many to few sessions", "x", kFlat},
        {many_memory, "memory per session, many sessions", "KiB", kMemory},
        {length_growth, "CPU per turn, late to early", "x", kFlat},
    };
    return specs;
}

std::optional<double> find(const Values& values, const std::string& subject)
{
    const auto found = values.find(subject);
    return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> better_proxy(const Values& values, bool is_rate = false)
{
    const auto nginx = find(values, "nginx");
    const auto haproxy = find(values, "haproxy");
    if (nginx && haproxy)
        return is_rate ? std::max(*nginx, *haproxy) : std::min(*nginx, *haproxy);
    return nginx ? nginx : haproxy;
}

std::optional<double> limit_of(const Target& target, const Values& values)
{
    const auto scaled = [&](std::optional<double> reference) {
        return reference ? std::optional(*reference * target.limit) : std::nullopt;
    };
    switch (target.against) {
    case Against::nothing:
        return std::nullopt;
    case Against::number:
        return target.limit;
    case Against::nginx:
        return scaled(find(values, "nginx"));
    case Against::haproxy:
        return scaled(find(values, "haproxy"));
    case Against::better:
        return scaled(better_proxy(values));
    }
    return std::nullopt;
}

Values over_direct(Values values)
{
    const auto direct = find(values, "direct");
    if (!direct)
        return {};
    for (auto& [subject, value] : values)
        if (subject != "direct")
            value -= *direct;
    return values; // direct itself stays as it was measured
}

Row make_row(const Spec& spec, const Target& target, Values values)
{
    Row row{spec.label, spec.unit, std::move(values), {}, target.text, {}};
    const auto ours = find(row.values, "turngate");
    const auto better = better_proxy(row.values, spec.figure == Figure::saturated_rate);
    if (ours && better && *better > 0)
        row.ratio = *ours / *better;
    const auto limit = limit_of(target, row.values);
    if (ours && limit)
        row.met = *ours <= *limit;
    return row;
}

// What a turn costs beyond moving its bytes, which is what the cheaper proxy pays for the same
// turn.
std::optional<Row> own_work(const Medians& medians)
{
    const auto turns = medians.find(Figure::turn_cpu);
    if (turns == medians.end())
        return std::nullopt;
    const auto ours = find(turns->second, "turngate");
    const auto pump = better_proxy(turns->second);
    if (!ours || !pump)
        return std::nullopt;
    const Target target{Against::number, 50, "<= 50 us"};
    return make_row({Figure::turn_cpu, "CPU per turn outside the relay", "us", target},
                    target,
                    {{"turngate", *ours - *pump}});
}

} // namespace

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<Row> make_rows(const Medians& medians, Protocol client)
{
    std::vector<Row> rows;
    for (const Spec& spec : specs()) {
        const auto found = medians.find(spec.figure);
        if (found == medians.end())
            continue;
        const bool is_http = client == Protocol::http;
        const Target& target = is_http ? spec.over_http.value_or(spec.target) : spec.target;
        rows.push_back(
            make_row(spec, target, spec.over_direct ? over_direct(found->second) : found->second));
        if (spec.figure != Figure::turn_cpu)
            continue;
        if (auto row = own_work(medians))
            rows.push_back(std::move(*row));
    }
    return rows;
}

} // namespace turngate::bench
