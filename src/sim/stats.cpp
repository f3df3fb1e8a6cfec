#include "stats.hpp"

#include "json_text.hpp"

namespace turngate::sim {

std::string Stats::to_json() const
{
    std::string out = "{";
    const auto add = [&](std::string_view name, std::uint64_t value) {
        if (out.back() != '{')
            out.push_back(',');
        append_quoted(out, name);
        out.push_back(':');
        append_number(out, static_cast<std::int64_t>(value));
    };
    add("connections_open", connections_open);
    add("connections_total", connections_total);
    add("upgrades", upgrades);
    add("http_connections_open", http_connections_open);
    add("http_connections_total", http_connections_total);
    add("requests", requests);
    add("creates", creates);
    add("pings", pings);
    add("pongs", pongs);
    add("bytes_in", bytes_in);
    add("bytes_out", bytes_out);
    add("events", events);
    out.append(R"(,"responses":{)");
    for (const auto& [status, count] : responses)
        add(status, count);
    out.append(R"(},"answers":{)");
    for (const auto& [status, count] : answers)
        add(std::to_string(status), count);
    out.append("}}\n");
    return out;
}

} // namespace turngate::sim
