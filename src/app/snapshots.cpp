#include "snapshots.hpp"

#include "turngate/telemetry/log.hpp"

#include <stdexcept>
#include <utility>

namespace turngate::app {

Snapshots::Snapshots(Parts parts,
                     std::shared_ptr<const config::Config> config,
                     std::shared_ptr<const usage::PriceTable> prices)
    : parts_(std::move(parts)), user_slots_(parts_.state), account_lives_(&parts_.state),
      files_{std::move(config), std::move(prices)}, current_(make(files_, {}))
{
}

std::shared_ptr<const gateway::Snapshot> Snapshots::make(
    Files files, const std::optional<access::Registry>& registry)
{
    access::KeyRing keys(*files.config, user_slots_, registry);
    accounts::AccountSet accounts(*files.config, account_lives_);
    return std::make_shared<const gateway::Snapshot>(gateway::Snapshot{
        std::move(files.config), std::move(keys), std::move(accounts), std::move(files.prices)});
}

// Those of before that nobody has any more end here, where it holds up nobody.
Snapshots::Made Snapshots::make_next(std::optional<Files> files)
{
    const std::lock_guard lock(making_);
    if (files)
        files_ = *std::move(files);
    Made made{make(files_, parts_.registry()), ++made_};
    std::erase_if(earlier_, [](const auto& each) { return each.use_count() == 1; });
    earlier_.push_back(made.snapshot);
    parts_.announce(*made.snapshot);
    return made;
}

void Snapshots::take(Made made)
{
    if (made.number < taken_) // a reload was quicker
        return;
    taken_ = made.number;
    current_ = std::move(made.snapshot);
    parts_.replace(current_);
}

void Snapshots::refresh()
{
    take(make_next(std::nullopt));
}

void Snapshots::refresh_from_afar()
{
    Made made = make_next(std::nullopt);
    parts_.post([this, made = std::move(made)] { take(made); });
}

std::vector<std::string> Snapshots::reload()
{
    std::vector<std::string> complaints;
    const config::Loaded loaded = config::load(parts_.config_path);
    for (const config::Complaint& complaint : loaded.complaints)
        complaints.push_back(complaint.text());
    if (!loaded.config)
        return complaints;
    const config::Pricing& pricing = loaded.config->pricing;
    const usage::LoadedPrices prices = usage::load_prices(pricing.file, pricing.unknown_model);
    complaints.insert(complaints.end(), prices.complaints.begin(), prices.complaints.end());
    if (!prices.table)
        return complaints;
    try {
        parts_.renew_certificate(*loaded.config);
    } catch (const std::runtime_error& broken) {
        complaints.emplace_back(broken.what());
        return complaints;
    }
    const auto before = current_;
    take(make_next(Files{loaded.config, prices.table}));
    for (const config::Key& key : before->config->keys)
        if (!current_->keys.find(key.digest))
            parts_.state.bulletin().revoke(key.digest);
    telemetry::log_info("reloaded",
                        {{"accounts", current_->config->accounts.size()},
                         {"keys", current_->config->keys.size()},
                         {"prices", current_->prices->version}});
    return complaints;
}

} // namespace turngate::app
