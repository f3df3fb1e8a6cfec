#include "turngate/config/config.hpp"

#include "turngate/core/bytes.hpp"

#include "document.hpp"
#include "file.hpp"
#include "read.hpp"
#include "report.hpp"
#include "variables.hpp"

#include <algorithm>
#include <filesystem>

namespace turngate::config {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_yaml(const std::string& path, Report& report)
{
    FileText file = read_file(path);
    if (!file.fault.empty()) {
        report.complain({}, "", std::move(file.fault));
        return std::nullopt;
    }
    if (!core::is_utf8(file.text)) {
        report.complain({}, "", "is not UTF-8");
        return std::nullopt;
    }
    return mark_variables(file.text);
}

// An installed configuration has its prices beside it, whatever the working directory is.
void find_prices(const fs::path& config_file, bool is_given, std::string& file)
{
    const fs::path beside = config_file.parent_path();
    const fs::path candidates[] = {
        file, beside / file, is_given ? fs::path(file) : beside / fs::path(file).filename()};
    const auto found = std::ranges::find_if(candidates, [](const fs::path& candidate) {
        std::error_code ignored;
        return fs::exists(candidate, ignored);
    });
    if (found != std::end(candidates))
        file = found->string();
}

void read_pricing(Section pricing, const Report& report, Pricing& out)
{
    const Value file = pricing["file"];
    file.read_text(out.file);
    find_prices(report.file(), file.is_given(), out.file);
    pricing["unknown_model"].read_text(out.unknown_model);
}

void read_root(Section root, const Report& report, Config& config)
{
    read_server(root["server"].section(), config.server);
    read_admin(root["admin"].section(), config.admin);
    read_groups(root["groups"], config);
    read_users(root["users"], config);
    read_accounts(root["accounts"], config);
    read_keys(root["keys"], root["users"].is_given(), config);
    read_turns(root, config);
    read_state(root["state"].section(), config.state);
    read_usage(root["usage"].section(), config.usage);
    read_pricing(root["pricing"].section(), report, config.pricing);
    read_limits(root["limits"].section(), config.limits);
    read_http(root["http"].section(), config.http);
    read_log(root["log"].section(), config.log);
}

} // namespace

Loaded load(const std::string& path)
{
    Report report(path);
    Config config;
    if (const auto yaml = read_yaml(path, report)) {
        if (const auto root = parse_document(*yaml, report)) {
            check_duplicates(*root, report);
            const Value whole(report, &*root, "", {1, 1});
            if (whole.is_given() && !whole.is_map())
                whole.complain("must be a mapping");
            else
                read_root(whole.section(), report, config);
        }
    }
    Loaded loaded{nullptr, report.complaints(), report.warnings()};
    if (report.is_clean())
        loaded.config = std::make_shared<const Config>(std::move(config));
    return loaded;
}

} // namespace turngate::config
