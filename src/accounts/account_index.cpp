#include "account_index.hpp"

#include <algorithm>
#include <set>

namespace turngate::accounts {

AccountIndex::AccountIndex(const Accounts& accounts)
{
    for (const auto& account : accounts) {
        by_name_.emplace(account->config.name, account);
        if (account->is_off())
            continue;
        const std::set<std::string_view> names(account->config.groups.begin(),
                                               account->config.groups.end());
        for (const std::string_view name : names) {
            auto& group = groups_[name];
            if (!group)
                group = std::make_unique<Group>();
            add(*group, account);
        }
    }
}

// A model that is first named here was had, until now, by those alone that have any.
void AccountIndex::add(Group& group, const std::shared_ptr<const Account>& account)
{
    group.all.push_back(account);
    if (account->config.models.empty()) {
        group.of_any_model.push_back(account);
        for (auto& [model, accounts] : group.of_model)
            accounts.push_back(account);
        return;
    }
    for (const auto& [model, upstream] : account->config.models)
        group.of_model.try_emplace(model, group.of_any_model).first->second.push_back(account);
}

const AccountIndex::Accounts& AccountIndex::Group::with(std::string_view model) const
{
    if (model.empty())
        return all;
    const auto found = of_model.find(model);
    return found == of_model.end() ? of_any_model : found->second;
}

std::shared_ptr<const Account> AccountIndex::find(std::string_view name) const
{
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

const AccountIndex::Accounts& AccountIndex::candidates(std::string_view group,
                                                       std::string_view model) const
{
    static const Accounts kNobody;
    const auto found = groups_.find(group);
    return found == groups_.end() ? kNobody : found->second->with(model);
}

const Field* AccountIndex::field(std::string_view group, std::string_view model) const
{
    const auto found = groups_.find(group);
    if (found == groups_.end() || found->second->with(model).empty())
        return nullptr;
    Group& its = *found->second;
    const std::lock_guard lock(its.mutex);
    auto field = its.fields.find(model);
    if (field != its.fields.end())
        return field->second.get();
    const bool is_named = its.of_model.contains(model);
    if (!is_named && its.fields.size() >= its.of_model.size() + Group::kMostFields) {
        // Scored as one: of the first tokens and the cooling of each nothing is known until it is
        // drawn.
        model = "*";
        if (field = its.fields.find(model); field != its.fields.end())
            return field->second.get();
    }
    const Accounts& accounts = is_named || model.empty() ? its.with(model) : its.of_any_model;
    return its.fields.emplace(model, std::make_unique<const Field>(accounts, std::string(model)))
        .first->second.get();
}

} // namespace turngate::accounts
