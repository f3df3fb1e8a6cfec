#pragma once

#include "program.hpp"

#include "turngate/accounts/account_set.hpp"
#include "turngate/config/secret.hpp"

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>

namespace turngate::app {

// Where one account's secret comes from: a file, or a program. Of one thread; nothing here waits,
// but for the disk that a file is on.
class SecretSource
{
public:
    static bool is_one(const accounts::Account& account);

    explicit SecretSource(std::shared_ptr<const accounts::Account> account);

    const std::string& account() const { return account_->config.name; }
    bool is_of(const accounts::Account& account) const; // and the same source
    // The account as it is now: the same one, with the secret in use.
    void use(std::shared_ptr<const accounts::Account> account);

    bool runs() const { return program_ != nullptr; }
    // Another secret than the one in use; each once.
    std::optional<std::string> look(core::Deadline now);

private:
    using Stamp = std::tuple<dev_t, ino_t, off_t, std::int64_t>; // of a file that stays as it is

    bool is_due(core::Deadline now) const;
    std::optional<std::string> look_at_file(core::Deadline now);
    std::optional<std::string> look_at_program(core::Deadline now);
    void start(core::Deadline now);
    std::optional<std::string> take(config::Secret secret);
    void fail(const std::string& why);
    std::string without_secrets(std::string text, const std::string& fresh) const;

    std::shared_ptr<const accounts::Account> account_;
    std::string secret_; // in use, or on its way to be
    std::optional<Stamp> stamp_;
    std::unique_ptr<Program> program_;
    core::Deadline due_ = core::Deadline::min(); // of the program's next run
    core::Deadline asked_at_ = core::Deadline::min();
    unsigned failures_ = 0; // one after the other
};

} // namespace turngate::app
