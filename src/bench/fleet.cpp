#include "fleet.hpp"

#include "client.hpp"

#include <latch>
#include <thread>
#include <utility>

namespace turngate::bench {

// One thread and its part of the clients. Its members are the thread's own except between phases,
// when it is idle and the latch has ordered our reads after its writes.
struct Fleet::Shard
{
    explicit Shard(unsigned index) : loop(index), tasks(loop), thread([this] { loop.run(); }) {}
    ~Shard()
    {
        loop.post([this] { stop_when_idle(); });
        thread.join();
    }

    // A phase's task is still on its way out when its latch opens.
    void stop_when_idle()
    {
        if (tasks.running() == 0)
            loop.stop();
        else
            loop.post([this] { stop_when_idle(); });
    }

    net::Loop loop;
    net::TaskGroup tasks;
    protocol::UpstreamEventReader reader;
    Tally tally;
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<std::size_t> numbers; // of each client in the fleet: its place in the ramp
    std::size_t next = 0;             // client to connect or to close
    std::jthread thread;              // last: it uses the others
};

namespace {

// As many connections as are opened or closed at once by each thread: enough to keep everybody
// busy, less than any backlog.
constexpr int kAtOnce = 32;

net::Task<> finish(net::Task<> task, std::latch& done)
{
    struct CountDown
    {
        std::latch& latch;
        ~CountDown() { latch.count_down(); }
    } const count_down{done};
    co_await std::move(task);
}

template <class Shard, class Step>
net::Task<> go_through(Shard& shard, Step step)
{
    while (shard.next < shard.clients.size()) {
        Client& client = *shard.clients[shard.next++];
        co_await step(client);
    }
}

template <class Shard, class Step>
net::Task<> for_each_client(Shard& shard, Step step)
{
    shard.next = 0;
    net::TaskGroup workers(shard.loop);
    for (int i = 0; i < kAtOnce; ++i)
        workers.spawn("bench step", go_through(shard, step));
    co_await workers.join();
}

net::Task<> connect_one(Client& client)
{
    co_await client.connect();
}

net::Task<> close_one(Client& client)
{
    co_await client.close();
}

template <class Shard>
net::Task<> play_all(Shard& shard, Phase phase, std::size_t connections)
{
    net::TaskGroup players(shard.loop);
    for (std::size_t i = 0; i < shard.clients.size(); ++i) {
        const auto offset = phase.ramp * shard.numbers[i] / connections;
        players.spawn("bench client", shard.clients[i]->play(phase, offset));
    }
    co_await players.join();
}

} // namespace

Fleet::Fleet(LoadPlan plan, std::size_t connections, unsigned threads)
    : plan_(std::move(plan)),
      create_(plan_.model, plan_.input_bytes, {plan_.protocol(), plan_.stored}),
      dialer_(net::make_dialer(plan_.url.is_tls() ? net::TlsContext::client() : nullptr)),
      connections_(connections)
{
    for (unsigned i = 0; i < threads; ++i)
        shards_.push_back(std::make_unique<Shard>(i));
    for (std::size_t i = 0; i < connections; ++i) {
        Shard& shard = *shards_[i % threads];
        const ClientRoom room{shard.loop, *dialer_, shard.reader, plan_, create_, shard.tally};
        shard.clients.push_back(std::make_unique<Client>(room));
        shard.numbers.push_back(i);
    }
}

Fleet::~Fleet()
{
    close();
    // Clients unlink themselves from their loop: on its thread.
    on_each_shard([](Shard& shard) -> net::Task<> {
        shard.clients.clear();
        co_return;
    });
}

// Over HTTP clients connect when they have something to ask: no server waits long for the first
// request of a connection.
void Fleet::connect()
{
    if (plan_.protocol() == Protocol::http)
        return;
    on_each_shard([](Shard& shard) { return for_each_client(shard, connect_one); });
}

void Fleet::play(const Phase& phase)
{
    on_each_shard([this, phase](Shard& shard) { return play_all(shard, phase, connections_); });
}

void Fleet::close()
{
    on_each_shard([](Shard& shard) { return for_each_client(shard, close_one); });
}

void Fleet::on_each_shard(const std::function<net::Task<>(Shard&)>& make_task)
{
    std::latch done(static_cast<std::ptrdiff_t>(shards_.size()));
    for (auto& shard : shards_)
        shard->loop.post([&shard, &make_task, &done] {
            shard->tasks.spawn("bench phase", finish(make_task(*shard), done));
        });
    done.wait();
}

Tally Fleet::take_tally()
{
    Tally sum;
    for (auto& shard : shards_)
        sum.merge(std::exchange(shard->tally, Tally()));
    return sum;
}

} // namespace turngate::bench
