#include "turngate/config/config.hpp"

#include "turngate/config/yaml_file.hpp"

#include "place.hpp"
#include "read.hpp"

#include <algorithm>
#include <filesystem>

namespace turngate::config {
namespace {

namespace fs = std::filesystem;

// An installed configuration has its prices beside it, whatever the working directory is.
void find_prices(const std::string& folder, std::string& file)
{
    const fs::path candidates[] = {
        fs::path(folder) / file, fs::path(folder) / fs::path(file).filename(), file};
    const auto found = std::ranges::find_if(candidates, [](const fs::path& candidate) {
        std::error_code ignored;
        return fs::exists(candidate, ignored);
    });
    file = (found != std::end(candidates) ? *found : candidates[0]).lexically_normal().string();
}

void read_pricing(Section pricing, const Report& report, Pricing& out)
{
    const Value file = pricing["file"];
    if (file.is_given())
        file.read_path(out.file);
    else
        find_prices(folder_of(report.file()), out.file);
    const Value unknown_model = pricing["unknown_model"];
    unknown_model.read_text(out.unknown_model);
    out.unknown_model_at = unknown_model.complaint("");
}

void read_root(Section& root, const Report& report, Config& config)
{
    read_server(root["server"].section(), config.server);
    read_admin(root["admin"].section(), config.admin);
    read_groups(root["groups"], config);
    const Value users = root["users"];
    read_users(users, config);
    read_accounts(root["accounts"], config);
    read_keys(root["keys"], users.is_given(), config);
    read_turns(root, config);
    read_state(root["state"].section(), config.state);
    read_usage(root["usage"].section(), config.usage);
    read_pricing(root["pricing"].section(), report, config.pricing);
    read_limits(root["limits"].section(), config.limits);
    read_http(root["http"].section(), config.http);
    read_background(root["background"].section(), config.background);
    read_models(root["models"].section(), config.models);
    read_log(root["log"].section(), config.log);
}

} // namespace

Loaded load(const std::string& path)
{
    Report report(path);
    Config config;
    config.read_at = core::wall_now();
    read_yaml_file(report, [&](Section& root) { read_root(root, report, config); });
    Loaded loaded{nullptr, report.complaints(), report.warnings(), report.known_keys()};
    if (report.is_clean())
        loaded.config = std::make_shared<const Config>(std::move(config));
    return loaded;
}

} // namespace turngate::config
