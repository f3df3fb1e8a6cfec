#include "snapshots.hpp"

#include "turngate/telemetry/log.hpp"

#include <stdexcept>
#include <utility>

namespace turngate::app {

Snapshots::Snapshots(Parts parts,
                     std::shared_ptr<const config::Config> config,
                     std::shared_ptr<const usage::PriceTable> prices)
    : parts_(std::move(parts)), user_slots_(parts_.state), account_lives_(&parts_.state),
      current_(make(std::move(config), std::move(prices), {}))
{
}

std::shared_ptr<const gateway::Snapshot> Snapshots::make(
    std::shared_ptr<const config::Config> config,
    std::shared_ptr<const usage::PriceTable> prices,
    const std::optional<access::Registry>& registry)
{
    access::KeyRing keys(*config, user_slots_, registry);
    accounts::AccountSet accounts(*config, account_lives_);
    return std::make_shared<const gateway::Snapshot>(gateway::Snapshot{
        std::move(config), std::move(keys), std::move(accounts), std::move(prices)});
}

void Snapshots::load(std::shared_ptr<const config::Config> config,
                     std::shared_ptr<const usage::PriceTable> prices)
{
    current_ = make(std::move(config), std::move(prices), parts_.registry());
    parts_.replace(current_);
}

void Snapshots::refresh()
{
    load(current_->config, current_->prices);
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
    load(loaded.config, prices.table);
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
