#pragma once

#include "create.hpp"
#include "load_plan.hpp"
#include "tally.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace turngate::bench {

// All clients of a load, on their own threads. Every call returns when all clients have done it.
class Fleet
{
public:
    Fleet(LoadPlan plan, std::size_t connections, unsigned threads);
    ~Fleet(); // closes what is open

    void connect();
    void play(const Phase& phase);
    void close();

    // What was counted since the last call.
    Tally take_tally();

private:
    struct Shard;
    void on_each_shard(const std::function<net::Task<>(Shard&)>& make_task);

    LoadPlan plan_;
    Create create_;
    std::unique_ptr<net::Dialer> dialer_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::size_t connections_;
};

} // namespace turngate::bench
