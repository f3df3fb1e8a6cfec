#pragma once

#include "turngate/access/registry.hpp"
#include "turngate/admin/reload.hpp"
#include "turngate/gateway/snapshot.hpp"
#include "turngate/state/state.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace turngate::app {

// What turns begin with: the configuration, its prices, and the keys and credits of the
// repository, as one snapshot after the other. Of the admin loop's thread; but with a great many
// keys making one takes its time, so another may.
class Snapshots
{
public:
    struct Parts
    {
        std::string config_path;
        state::State& state;
        // Of the repository; nothing while it was never read.
        std::function<std::optional<access::Registry>()> registry;
        // Told of each snapshot but the first before it is taken, by the thread that made it.
        std::function<void(const gateway::Snapshot&)> announce;
        // Takes each snapshot but the first, for the turns to come.
        std::function<void(std::shared_ptr<const gateway::Snapshot>)> replace;
        std::function<void(std::function<void()>)> post; // to the admin loop
        // Takes the listeners' certificate anew. Throws std::runtime_error where it is broken.
        std::function<void(const config::Config&)> renew_certificate;
    };

    // The first has what the files say alone. The configuration is the one that the process began
    // with.
    Snapshots(Parts parts,
              std::shared_ptr<const config::Config> config,
              std::shared_ptr<const usage::PriceTable> prices);

    const std::shared_ptr<const gateway::Snapshot>& current() const noexcept { return current_; }

    // The registry has changed: makes the next snapshot, and takes it.
    void refresh();
    // The same on any other thread; it is taken on the admin loop.
    void refresh_from_afar();

    // Reads the files again. Complaints: what is there stays. Keys that are gone are revoked, at
    // every gateway.
    admin::Reload reload();

    // These accounts have other secrets from now on, as if the files had said so.
    void renew(const std::map<std::string, std::string>& secrets);

private:
    struct Files
    {
        std::shared_ptr<const config::Config> config;
        std::shared_ptr<const usage::PriceTable> prices;
    };
    struct Made
    {
        std::shared_ptr<const gateway::Snapshot> snapshot;
        std::uint64_t number = 0; // what was made later is newer
    };

    std::shared_ptr<const gateway::Snapshot> make(Files files,
                                                  const std::optional<access::Registry>& registry);
    Made make_next(std::optional<Files> files);
    void take(Made made);

    Parts parts_;
    const std::shared_ptr<const config::Config> first_;
    std::mutex making_;            // the next five
    access::UserSlots user_slots_; // they and the lives outlive a snapshot
    accounts::AccountLives account_lives_;
    Files files_;
    std::uint64_t made_ = 0;
    std::vector<std::shared_ptr<const gateway::Snapshot>> earlier_;

    std::uint64_t taken_ = 0;
    std::shared_ptr<const gateway::Snapshot> current_;
};

} // namespace turngate::app
