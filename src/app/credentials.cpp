#include "credentials.hpp"

#include "secret_source.hpp"

#include <utility>

namespace turngate::app {
namespace {

using core::Clock;
using namespace std::chrono_literals;

constexpr auto kLook = 1'000ms;
constexpr auto kLookAtProgram = 50ms; // one that runs

} // namespace

Credentials::Credentials(Renew renew)
    : renew_(std::move(renew)), thread_([this](const std::stop_token& stop) { keep(stop); })
{
}

Credentials::~Credentials() = default;

void Credentials::watch(const accounts::AccountSet& accounts)
{
    Accounts watched;
    for (const auto& account : accounts.all())
        if (SecretSource::is_one(*account))
            watched.push_back(account);
    const std::lock_guard lock(mutex_);
    watched_ = std::move(watched);
    changed_.notify_all();
}

void Credentials::keep(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (const auto watched = std::exchange(watched_, std::nullopt)) {
            lock.unlock();
            take(*watched);
            lock.lock();
            continue;
        }
        if (sources_.empty()) {
            changed_.wait(lock, stop, [this] { return watched_.has_value(); });
            continue;
        }
        lock.unlock();
        const auto pause = look();
        lock.lock();
        changed_.wait_for(lock, stop, pause, [this] { return watched_.has_value(); });
    }
}

// A program that runs goes on for an account that stays.
void Credentials::take(const Accounts& accounts)
{
    Sources before = std::exchange(sources_, {});
    for (const auto& account : accounts) {
        auto& source = sources_[account->config.name];
        const auto known = before.find(account->config.name);
        if (known != before.end() && known->second->is_of(*account))
            source = std::move(known->second);
        else
            source = std::make_unique<SecretSource>(account);
        source->use(account);
    }
}

// Until the next look.
std::chrono::milliseconds Credentials::look()
{
    std::chrono::milliseconds pause = kLook;
    Secrets secrets;
    for (const auto& [name, source] : sources_) {
        if (auto secret = source->look(Clock::now()))
            secrets.emplace(name, std::move(*secret));
        if (source->runs())
            pause = kLookAtProgram;
    }
    if (!secrets.empty())
        renew_(std::move(secrets));
    return pause;
}

} // namespace turngate::app
