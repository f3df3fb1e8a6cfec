#include "model_lists.hpp"

#include "turngate/protocol/models.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;

constexpr std::chrono::minutes kGood(5);
constexpr std::chrono::seconds kAgain(30); // after a failure
constexpr std::size_t kMostAsked = 8;      // at the same time
constexpr std::size_t kMostNames = 5'000;
constexpr std::uint64_t kMostBytes = 4 << 20;

} // namespace

// To be told of each list that comes.
class ModelLists::Waiting
{
public:
    Waiting(ModelLists& lists, net::Event& event)
        : lists_(lists), at_(lists.waiting_.insert(lists.waiting_.end(), &event))
    {
    }
    ~Waiting() { lists_.waiting_.erase(at_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

private:
    ModelLists& lists_;
    std::list<net::Event*>::iterator at_;
};

ModelLists::ModelLists(Rooms& rooms, ClientBytes& client_bytes)
    : rooms_(rooms), client_bytes_(client_bytes), tasks_(rooms.loop)
{
}

ModelLists::~ModelLists() = default;

net::Task<> ModelLists::refresh(std::vector<Account> accounts, net::Stop& stop)
{
    drop_unknown();
    const auto deadline = Clock::now() + rooms_.snapshot->config->http.account_timeout;
    net::Event changed(rooms_.loop);
    const Waiting waiting(*this, changed);
    for (;;) {
        std::erase_if(accounts, [this](const Account& account) { return is_fresh(account); });
        if (accounts.empty() || is_closed_)
            co_return;
        ask_some(accounts);
        const bool has_come = co_await changed.wait_until(deadline, stop);
        if (!has_come)
            co_return;
        changed.reset();
    }
}

const ModelLists::Names* ModelLists::of(const accounts::Account& account) const
{
    const auto found = lists_.find(account.credentials);
    return found != lists_.end() && found->second.is_said ? &found->second.names : nullptr;
}

void ModelLists::close()
{
    is_closed_ = true;
    for (net::Stop& stop : asking_)
        stop.request({core::FaultCode::gateway_draining, {}, "shutdown"});
    for (net::Event* event : waiting_)
        event->set();
}

bool ModelLists::is_fresh(const Account& account)
{
    const List& list = lists_[account->credentials];
    return !list.is_asked && Clock::now() < list.good_until;
}

void ModelLists::ask_some(const std::vector<Account>& accounts)
{
    for (const Account& account : accounts) {
        List& list = lists_[account->credentials];
        if (asking_.size() >= kMostAsked)
            return;
        if (!std::exchange(list.is_asked, true))
            tasks_.spawn("model list", ask(account));
    }
}

net::Task<> ModelLists::ask(Account account)
{
    const auto stop = asking_.emplace(asking_.end());
    core::ByteBudget::Share share(client_bytes_.answers);
    upstream::AccountQuestion question{.path = "/models", .most_bytes = kMostBytes};
    const auto deadline = Clock::now() + rooms_.snapshot->config->http.account_timeout;
    const auto told =
        co_await rooms_.pool.ask(account, std::move(question), {}, share, deadline, *stop);
    asking_.erase(stop);
    auto names =
        told && told->status == 200 ? protocol::read_model_ids(told->body, kMostNames) : Names();
    List& list = lists_[account->credentials];
    list.is_asked = false;
    list.good_until = Clock::now() + (names.empty() ? std::chrono::seconds(kAgain) : kGood);
    if (names.empty()) {
        telemetry::log_info("an account's models are not known",
                            {{"account", account->config.name},
                             {"status", told ? told->status : 0},
                             {"fault", told ? "" : core::name_of(told.error().code)}});
    } else {
        list.names = std::move(names);
        list.is_said = true;
    }
    for (net::Event* event : waiting_)
        event->set();
}

// Of a configuration that is gone.
void ModelLists::drop_unknown()
{
    const auto& all = rooms_.snapshot->accounts.all();
    std::erase_if(lists_, [&](const auto& entry) {
        return !entry.second.is_asked && std::ranges::none_of(all, [&](const Account& each) {
            return each->credentials == entry.first;
        });
    });
}

} // namespace turngate::gateway
