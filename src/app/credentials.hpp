#pragma once

#include "turngate/accounts/account_set.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace turngate::app {

class SecretSource;

// Keeps the secrets of accounts new whose api_key is a file's or comes from a program: when the
// file has changed, when it is time to run the program again, and soon after the upstream has
// refused what there is. On a thread of its own. What fails leaves the old secret, and is told.
class Credentials
{
public:
    using Secrets = std::map<std::string, std::string>; // by account
    // Takes those that are new, all of one look. On the thread.
    using Renew = std::function<void(Secrets secrets)>;

    explicit Credentials(Renew renew);
    ~Credentials();

    // From now on these accounts, with what they have now. Any thread.
    void watch(const accounts::AccountSet& accounts);

private:
    using Sources = std::map<std::string, std::unique_ptr<SecretSource>>; // by account
    using Accounts = std::vector<std::shared_ptr<const accounts::Account>>;

    void keep(const std::stop_token& stop);
    void take(const Accounts& accounts);
    std::chrono::milliseconds look();

    const Renew renew_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<Accounts> watched_; // that the thread has not seen yet
    Sources sources_;                 // the thread's own
    std::jthread thread_;
};

} // namespace turngate::app
