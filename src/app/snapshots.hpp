#pragma once

#include "turngate/access/registry.hpp"
#include "turngate/admin/reload.hpp"
#include "turngate/gateway/snapshot.hpp"
#include "turngate/state/state.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turngate::app {

// What turns begin with: the configuration, its prices, and the keys and credits of the
// repository, as one snapshot after the other. Of one thread.
class Snapshots
{
public:
    struct Parts
    {
        std::string config_path;
        state::State& state;
        // Of the repository; nothing while it was never read.
        std::function<std::optional<access::Registry>()> registry;
        // Takes each snapshot but the first, for the turns to come.
        std::function<void(std::shared_ptr<const gateway::Snapshot>)> replace;
        // Takes the listeners' certificate anew. Throws std::runtime_error where it is broken.
        std::function<void(const config::Config&)> renew_certificate;
    };

    // The first has what the files say alone. The configuration is the one that the process began
    // with.
    Snapshots(Parts parts,
              std::shared_ptr<const config::Config> config,
              std::shared_ptr<const usage::PriceTable> prices);

    const std::shared_ptr<const gateway::Snapshot>& current() const noexcept { return current_; }

    // The registry has changed.
    void refresh();

    // Reads the files again. Complaints: what is there stays. Keys that are gone are revoked, at
    // every gateway.
    admin::Reload reload();

    // These accounts have other secrets from now on, as if the files had said so.
    void renew(const std::map<std::string, std::string>& secrets);

private:
    std::shared_ptr<const gateway::Snapshot> make(std::shared_ptr<const config::Config> config,
                                                  std::shared_ptr<const usage::PriceTable> prices,
                                                  const std::optional<access::Registry>& registry);
    void load(std::shared_ptr<const config::Config> config,
              std::shared_ptr<const usage::PriceTable> prices);

    Parts parts_;
    const std::shared_ptr<const config::Config> first_;
    access::UserSlots user_slots_; // they and the lives outlive a snapshot
    accounts::AccountLives account_lives_;
    std::shared_ptr<const gateway::Snapshot> current_;
};

} // namespace turngate::app
