#include "snapshots.hpp"

#include "turngate/config/restart.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace turngate::app {
namespace {

std::vector<std::string> texts(const std::vector<config::Complaint>& complaints)
{
    std::vector<std::string> texts;
    for (const config::Complaint& complaint : complaints)
        texts.push_back(complaint.text());
    return texts;
}

void warn(const std::vector<std::string>& warnings)
{
    for (const std::string& warning : warnings)
        telemetry::log_warn("configuration", {{"warning", warning}});
}

// What programs have brought for the accounts that stay.
std::shared_ptr<const config::Config> with_secrets_of(const config::Config& before,
                                                      const config::Config& loaded)
{
    auto config = std::make_shared<config::Config>(loaded);
    for (config::Account& account : config->accounts) {
        const auto known = std::ranges::find(before.accounts, account.name, &config::Account::name);
        if (known != before.accounts.end() && !account.credentials.command.empty() &&
            known->credentials.command == account.credentials.command)
            account.api_key = known->api_key;
    }
    return config;
}

} // namespace

Snapshots::Snapshots(Parts parts,
                     std::shared_ptr<const config::Config> config,
                     std::shared_ptr<const usage::PriceTable> prices)
    : parts_(std::move(parts)), first_(config), user_slots_(parts_.state),
      account_lives_(&parts_.state), files_{std::move(config), std::move(prices)},
      current_(make(files_, {}))
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

void Snapshots::renew(const std::map<std::string, std::string>& secrets)
{
    auto config = std::make_shared<config::Config>(*current_->config);
    std::vector<std::string> renewed;
    for (config::Account& account : config->accounts) {
        const auto found = secrets.find(account.name);
        const bool comes_from_elsewhere =
            !account.api_key_file.empty() || !account.credentials.command.empty();
        if (found == secrets.end() || !comes_from_elsewhere) // a reload may have come first
            continue;
        account.api_key = found->second;
        renewed.push_back(account.name);
    }
    take(make_next(Files{std::move(config), current_->prices}));
    for (const std::string& account : renewed)
        telemetry::log_info("an account has a new secret", {{"account", account}});
}

admin::Reload Snapshots::reload()
{
    admin::Reload done;
    const config::Loaded loaded = config::load(parts_.config_path);
    warn(texts(loaded.warnings));
    done.complaints = texts(loaded.complaints);
    if (!loaded.config)
        return done;
    const usage::LoadedPrices prices = usage::load_prices(*loaded.config);
    warn(prices.warnings);
    done.complaints = prices.complaints;
    if (!prices.table)
        return done;
    try {
        parts_.renew_certificate(*loaded.config);
    } catch (const std::runtime_error& broken) {
        done.complaints.emplace_back(broken.what());
        return done;
    }
    const auto before = current_;
    take(make_next(Files{with_secrets_of(*before->config, *loaded.config), prices.table}));
    for (const config::Key& key : before->config->keys)
        if (!current_->keys.find(key.digest))
            parts_.state.bulletin().revoke(key.digest);
    telemetry::log_info("reloaded",
                        {{"accounts", current_->config->accounts.size()},
                         {"keys", current_->config->keys.size()},
                         {"prices", current_->prices->version}});
    for (const std::string& key : config::changed_until_restart(*first_, *loaded.config)) {
        done.notes.push_back(key + ": needs a restart");
        telemetry::log_warn("needs a restart", {{"key", key}});
    }
    return done;
}

} // namespace turngate::app
