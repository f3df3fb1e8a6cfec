#pragma once

#include "client_bytes.hpp"
#include "rooms.hpp"

#include "turngate/net/stop.hpp"
#include "turngate/net/task_group.hpp"

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace turngate::gateway {

// What accounts say of their models, where the configuration does not: asked for at most once in
// five minutes. One loop's.
class ModelLists
{
public:
    using Account = std::shared_ptr<const accounts::Account>;
    using Names = std::vector<std::string>;

    ModelLists(Rooms& rooms, ClientBytes& client_bytes);
    ~ModelLists();

    // Until each of these has said it, lately, or could not be asked; or it takes too long.
    net::Task<> refresh(std::vector<Account> accounts, net::Stop& stop);

    // As it was said last; null: never. Until the next refresh.
    const Names* of(const accounts::Account& account) const;

    void close(); // asks no more
    net::Task<> join() { return tasks_.join(); }

private:
    struct List
    {
        Names names;
        bool is_said = false;
        bool is_asked = false; // just now
        core::Deadline good_until = core::Deadline::min();
    };
    class Waiting;

    bool is_fresh(const Account& account);
    void ask_some(const std::vector<Account>& accounts);
    net::Task<> ask(Account account);
    void drop_unknown();

    Rooms& rooms_;
    ClientBytes& client_bytes_;
    std::map<core::Digest, List> lists_; // by the account's base and credentials
    std::list<net::Event*> waiting_;
    std::list<net::Stop> asking_;
    bool is_closed_ = false;
    net::TaskGroup tasks_;
};

} // namespace turngate::gateway
