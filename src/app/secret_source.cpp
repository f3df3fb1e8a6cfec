#include "secret_source.hpp"

#include "turngate/telemetry/log.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace turngate::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kProgramTime = 30s;
constexpr auto kLeastPause = 3s; // between two times, whatever the upstream says
constexpr auto kRetry = 5s;      // after a failure; doubles
constexpr auto kMostRetry = 5min;
constexpr std::size_t kLeastSecret = 4; // shorter, and it would be found in every word

void replace_all(std::string& text, const std::string& what, std::string_view by)
{
    if (what.size() < kLeastSecret)
        return;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

} // namespace

bool SecretSource::is_one(const accounts::Account& account)
{
    return !account.config.api_key_file.empty() || !account.config.credentials.command.empty();
}

SecretSource::SecretSource(std::shared_ptr<const accounts::Account> account)
    : account_(std::move(account))
{
}

bool SecretSource::is_of(const accounts::Account& account) const
{
    const config::Account& mine = account_->config;
    const config::Account& other = account.config;
    return mine.name == other.name && mine.api_key_file == other.api_key_file &&
           mine.credentials == other.credentials;
}

void SecretSource::use(std::shared_ptr<const accounts::Account> account)
{
    account_ = std::move(account);
    secret_ = account_->config.api_key;
}

std::optional<std::string> SecretSource::look(core::Deadline now)
{
    return account_->config.api_key_file.empty() ? look_at_program(now) : look_at_file(now);
}

// The upstream has refused what there is, and nobody has asked since.
bool SecretSource::is_due(core::Deadline now) const
{
    const auto refused_at = account_->standing->refused_at();
    return refused_at && *refused_at >= asked_at_ &&
           (asked_at_ == core::Deadline::min() || now - asked_at_ >= kLeastPause);
}

std::optional<std::string> SecretSource::look_at_file(core::Deadline now)
{
    const std::string& path = account_->config.api_key_file;
    struct ::stat found{};
    std::optional<Stamp> stamp;
    if (::stat(path.c_str(), &found) == 0)
        stamp = Stamp(found.st_dev,
                      found.st_ino,
                      found.st_size,
                      found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec);
    if (stamp == stamp_ && !is_due(now))
        return std::nullopt;
    stamp_ = stamp;
    asked_at_ = now;
    return take(config::read_secret(path));
}

std::optional<std::string> SecretSource::look_at_program(core::Deadline now)
{
    if (!program_ && (now >= due_ || is_due(now)))
        start(now);
    if (!program_)
        return std::nullopt;
    auto outcome = program_->poll(now);
    if (!outcome)
        return std::nullopt;
    program_ = nullptr;
    config::Secret secret = outcome->fault.empty() ? config::clean_secret(std::move(outcome->out))
                                                   : config::Secret{"", outcome->fault};
    if (!outcome->err.empty())
        telemetry::log_warn(
            "a credentials program says",
            {{"account", account()}, {"stderr", without_secrets(outcome->err, secret.text)}});
    due_ = now + account_->config.credentials.refresh;
    auto taken = take(std::move(secret));
    if (failures_ > 0) {
        const auto retry = kRetry * (1 << std::min(failures_ - 1, 10U));
        due_ = now + std::min<core::Clock::duration>(
                         {retry, kMostRetry, account_->config.credentials.refresh});
    }
    return taken;
}

void SecretSource::start(core::Deadline now)
{
    asked_at_ = now;
    try {
        program_ =
            std::make_unique<Program>(account_->config.credentials.command, now + kProgramTime);
    } catch (const std::runtime_error& failure) {
        due_ = now + kMostRetry;
        fail(failure.what());
    }
}

std::optional<std::string> SecretSource::take(config::Secret secret)
{
    if (!secret.fault.empty()) {
        fail(secret.fault);
        return std::nullopt;
    }
    failures_ = 0;
    if (secret.text == secret_)
        return std::nullopt;
    secret_ = secret.text;
    return std::move(secret.text);
}

void SecretSource::fail(const std::string& why)
{
    ++failures_;
    telemetry::log_error("an account's secret cannot be renewed",
                         {{"account", account()}, {"why", why}, {"has_one", !secret_.empty()}});
}

std::string SecretSource::without_secrets(std::string text, const std::string& fresh) const
{
    replace_all(text, fresh, "***");
    replace_all(text, secret_, "***");
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    return text;
}

} // namespace turngate::app
