#pragma once

#include "field.hpp"

#include <map>
#include <mutex>
#include <unordered_map>

namespace turngate::accounts {

// Who may answer for a group and a model, found without looking at all accounts. Any thread.
class AccountIndex
{
public:
    using Accounts = AccountSet::Accounts;

    explicit AccountIndex(const Accounts& accounts); // best priority first

    std::shared_ptr<const Account> find(std::string_view name) const;
    const Accounts& candidates(std::string_view group, std::string_view model) const;
    const Field* field(std::string_view group, std::string_view model) const; // null: of nobody

private:
    struct Group
    {
        Accounts all;
        Accounts of_any_model;                         // those without a map of models
        std::map<std::string_view, Accounts> of_model; // of_any_model included

        // Models come from clients: of those that no map names only so many have scores of their
        // own.
        static constexpr std::size_t kMostFields = 64;
        std::mutex mutex;
        std::map<std::string, std::unique_ptr<const Field>, std::less<>> fields;

        const Accounts& with(std::string_view model) const;
    };

    void add(Group& group, const std::shared_ptr<const Account>& account);

    std::unordered_map<std::string_view, std::shared_ptr<const Account>> by_name_;
    std::map<std::string_view, std::unique_ptr<Group>> groups_;
};

} // namespace turngate::accounts
