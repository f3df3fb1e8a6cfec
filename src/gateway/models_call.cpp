#include "models_call.hpp"

#include "response_answer.hpp"
#include "turn_price.hpp"

#include "turngate/protocol/models.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace turngate::gateway {
namespace {

using core::FaultCode;
using Account = ModelLists::Account;

constexpr std::size_t kMostAccounts = 64; // that are asked for one answer, the best first

// Those that may answer the key's turns, and whose models only they know.
std::vector<Account> to_be_asked(const Snapshot& snapshot, const access::Principal& principal)
{
    std::vector<Account> accounts;
    for (const Account& account : snapshot.accounts.candidates(principal.group, {}))
        if (account->config.models.empty() && accounts.size() < kMostAccounts)
            accounts.push_back(account);
    return accounts;
}

// By the names that clients use.
class Names
{
public:
    Names(const Snapshot& snapshot, const access::Principal& principal)
        : snapshot_(snapshot), principal_(principal)
    {
    }

    void add(std::string_view name, std::string_view upstream)
    {
        if (may_use(principal_, price_of(snapshot_, upstream, name)))
            names_.emplace(name);
    }
    void add(const accounts::Account& account, const ModelLists& lists)
    {
        for (const auto& [name, upstream] : account.config.models)
            add(name, upstream);
        const auto* said = account.config.models.empty() ? lists.of(account) : nullptr;
        if (said)
            for (const std::string& name : *said)
                add(name, name);
    }
    bool is_empty() const noexcept { return names_.empty(); }
    bool has(const std::string& name) const { return names_.contains(name); }
    std::vector<std::string> all() const { return {names_.begin(), names_.end()}; }

private:
    const Snapshot& snapshot_;
    const access::Principal& principal_;
    std::set<std::string, std::less<>> names_;
};

std::int64_t created_of(const Snapshot& snapshot)
{
    return std::chrono::duration_cast<std::chrono::seconds>(
               snapshot.config->read_at.time_since_epoch())
        .count();
}

} // namespace

ModelsCall::ModelsCall(Rooms& rooms, ModelLists& lists, net::Stream stream, Guest guest)
    : HttpCall(rooms, std::move(stream), std::move(guest.leftover)), lists_(lists),
      facts_(std::move(guest.facts)), model_(std::move(std::get<ModelsQuestion>(guest.wants).model))
{
    AnswerFacts answer = std::move(std::get<ModelsQuestion>(guest.wants).answer);
    answer.keep_alive = answer.keep_alive && !rooms.is_draining;
    client_ = std::make_unique<Document>(exchange_, std::move(answer));
}

net::Task<> ModelsCall::answer()
{
    auto told = co_await find_answer();
    if (exchange_.is_gone())
        co_return;
    client_->answer(std::move(told));
    client_->flush();
}

net::Task<protocol::HttpAnswer> ModelsCall::find_answer()
{
    const auto snapshot = rooms_.snapshot;
    const auto principal = snapshot->keys.find(facts_.secret);
    if (!principal)
        co_return cannot_ask({FaultCode::invalid_api_key, {}, "models"});
    co_await lists_.refresh(to_be_asked(*snapshot, *principal), stop_);
    Names names(*snapshot, *principal);
    for (const Account& account : snapshot->accounts.candidates(principal->group, {}))
        names.add(*account, lists_);
    if (names.is_empty()) // nobody has said it, for now
        co_return cannot_ask({FaultCode::no_account, {}, "models"});
    const std::int64_t created = created_of(*snapshot);
    if (model_.empty())
        co_return protocol::HttpAnswer{
            .body =
                protocol::models_body(names.all(), created, snapshot->config->models.catalogue)};
    if (!names.has(model_))
        co_return model_not_found(model_);
    co_return protocol::HttpAnswer{.body = protocol::model_body(model_, created)};
}

void ModelsCall::on_gone()
{
    stop_.request({FaultCode::client_gone, {}, "client gone"});
}

void ModelsCall::shut_down()
{
    stop_.request({FaultCode::gateway_draining, {}, "shutdown deadline"});
}

} // namespace turngate::gateway
