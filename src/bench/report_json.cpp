#include "report.hpp"

#include <nlohmann/json.hpp>

namespace turngate::bench {
namespace {

using Json = nlohmann::ordered_json;

double microseconds(std::chrono::nanoseconds time)
{
    return static_cast<double>(time.count()) / 1e3;
}

Json percentiles(const Histogram& histogram)
{
    if (histogram.count() == 0)
        return nullptr;
    return {{"count", histogram.count()},
            {"p50_us", microseconds(histogram.percentile(0.5))},
            {"p99_us", microseconds(histogram.percentile(0.99))},
            {"max_us", microseconds(histogram.percentile(1))}};
}

Json verification(const Tally& tally)
{
    Json violations = Json::object();
    for (std::size_t i = 0; i < kViolations; ++i)
        if (tally.violations[i] > 0)
            violations[std::string(name_of(static_cast<Violation>(i)))] = tally.violations[i];
    return {{"sound", tally.is_sound()},
            {"events", tally.events},
            {"turns", tally.turns},
            {"lost_turns", tally.lost},
            {"timed_out_turns", tally.timeouts},
            {"errors", tally.errors},
            {"refused_connections", tally.refusals},
            {"violations", violations},
            {"samples", tally.samples}};
}

template <class T>
Json or_null(const std::optional<T>& value)
{
    return value ? Json(*value) : Json(nullptr);
}

// An event may be no UTF-8 at all; its sample must not keep the report from being one.
std::string dump(const Json& json)
{
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

std::string to_json(const LoadResult& result)
{
    const Measurement& measured = result.measured;
    const Tally& tally = measured.tally;
    Json json{{"seconds", std::chrono::duration<double>(measured.wall).count()},
              {"connections", result.connections},
              {"turns", tally.turns},
              {"turns_per_second", measured.per_second(tally.turns)},
              {"events", tally.events},
              {"events_per_second", measured.per_second(tally.events)},
              {"bytes_in", tally.bytes_in},
              {"bench_cpu_us_per_event", measured.own_cpu_us_per(tally.events)},
              {"bench_cpu_us_per_turn", measured.own_cpu_us_per(tally.turns)}};
    if (result.has_process) {
        json["process_cpu_us_per_event"] = measured.cpu_us_per(tally.events);
        json["process_cpu_us_per_turn"] = measured.cpu_us_per(tally.turns);
    }
    json["kib_per_session"] = or_null(result.kib_per_session);
    json["latency"] = {{"connect", percentiles(result.total.connect)},
                       {"first_event", percentiles(tally.first_event)},
                       {"turn", percentiles(tally.turn)},
                       {"event", percentiles(tally.event)}};
    json["verified"] = verification(result.total);
    return dump(json);
}

std::string to_json(const ComparisonResult& result)
{
    Json rows = Json::array();
    for (const Row& row : result.rows)
        rows.push_back({{"figure", row.label},
                        {"unit", row.unit},
                        {"values", row.values},
                        {"ratio_to_better_proxy", or_null(row.ratio)},
                        {"target", row.target.empty() ? Json(nullptr) : Json(row.target)},
                        {"met", or_null(row.met)}});
    return dump({{"client", name_of(result.sides.client)},
                 {"upstream", name_of(result.sides.upstream)},
                 {"rows", rows},
                 {"subjects", result.subjects},
                 {"notes", result.notes},
                 {"complete", result.complete},
                 {"verified", verification(result.total)}});
}

} // namespace turngate::bench
