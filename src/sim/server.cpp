#include "server.hpp"

#include "upgrade.hpp"

#include <boost/asio/co_spawn.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace turngate::sim {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);    // with HTTP, not with WebSockets
constexpr auto kBreath = std::chrono::milliseconds(20); // between pieces of an endless body

Script load_script(const std::string& path)
{
    if (path.empty())
        return {};
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw std::runtime_error("cannot read " + path);
    return read_script(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::shared_ptr<const net::TlsContext> load_tls(const Options& options)
{
    return options.tls_cert.empty() ? nullptr
                                    : net::TlsContext::server(options.tls_cert, options.tls_key);
}

void drop(net::Stream& stream)
{
    const linger now{1, 0};
    ::setsockopt(stream.socket().native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    stream.close();
}

net::Task<> wait_until_gone(net::Stream& stream)
{
    std::array<char, 256> unheard;
    for (;;) {
        const auto read = co_await stream.read_some(unheard, core::Deadline::max());
        if (!read)
            co_return;
    }
}

} // namespace

class Server::Guest
{
public:
    Guest(Server& server, net::Stream& stream) : server_(server), stream_(stream)
    {
        server_.guests_.insert(&stream_);
        if (server_.stops_)
            stream_.close();
    }
    ~Guest() { server_.guests_.erase(&stream_); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

private:
    Server& server_;
    net::Stream& stream_;
};

Server::Server(const Options& options)
    : world_(options), transcript_(options.transcript_file), loop_(0), tasks_(loop_),
      tls_(load_tls(options)), listening_(net::listen_on(options.listen, 1)),
      acceptor_(loop_,
                listening_.descriptors.front(),
                [this](net::Socket socket, const std::string&) {
                    tasks_.spawn("sim connection", serve(net::Stream(std::move(socket))));
                }),
      control_(world_, connections_)
{
    world_.script = load_script(options.script_file);
}

Server::~Server()
{
    if (listening_.is_unix)
        ::unlink(listening_.address.c_str() + std::string_view("unix:").size());
}

void Server::run()
{
    loop_.post([this] { tasks_.spawn("sim acceptor", acceptor_.run()); });
    loop_.run();
}

void Server::stop()
{
    loop_.post([this] {
        if (std::exchange(stops_, true))
            return;
        net::asio::co_spawn(
            loop_.executor(), shut_down(), [this](const std::exception_ptr&) { loop_.stop(); });
    });
}

net::Task<> Server::shut_down()
{
    acceptor_.close();
    for (net::Stream* guest : guests_)
        guest->close();
    for (HttpConnection* visit : visits_)
        visit->reset();
    for (const auto& [number, connection] : connections_)
        connection->reset();
    co_await tasks_.join();
}

net::Task<> Server::serve(net::Stream stream)
{
    if (tls_) {
        const Guest guest(*this, stream);
        const auto secured = co_await stream.start_tls(*tls_, {}, core::Clock::now() + kPatience);
        if (!secured)
            co_return;
    }
    if (stops_)
        co_return;
    HttpConnection visit(
        world_, transcript_, control_, connections_, visits_, loop_, std::move(stream));
    auto request = co_await visit.run();
    if (!request || stops_)
        co_return;
    co_await upgrade(visit.take_stream(), std::move(*request));
}

net::Task<> Server::upgrade(net::Stream stream, net::HttpRequest request)
{
    RequestFacts facts;
    ++world_.stats.upgrades;
    facts.connection = ++world_.connections;
    facts.path = request.path();
    facts.headers = request.headers;
    const auto act = world_.script.at_upgrade(facts, world_.lots);
    const auto kind = act ? act->kind : UpgradeAct::Kind::accept;
    auto refused = kind == UpgradeAct::Kind::answer ? scripted_refusal(*act)
                                                    : check_upgrade(request, world_.options);

    const bool is_silent = kind == UpgradeAct::Kind::hang || kind == UpgradeAct::Kind::reset;
    transcript_.upgrade(facts.connection, request, is_silent ? 0 : refused ? refused->status : 101);
    if (kind == UpgradeAct::Kind::reset) {
        drop(stream);
    } else if (kind == UpgradeAct::Kind::hang) {
        const Guest guest(*this, stream);
        co_await wait_until_gone(stream);
    } else if (refused) {
        co_await refuse(std::move(stream), std::move(*refused), act && act->is_endless);
    } else {
        co_await connect(std::move(stream), std::move(facts), act, std::move(request));
    }
}

net::Task<> Server::refuse(net::Stream stream, net::HttpResponse response, bool is_endless)
{
    const Guest guest(*this, stream);
    const std::string bytes = is_endless ? endless_head(response) : net::to_bytes(response, false);
    auto sent = co_await stream.write_all(bytes, core::Clock::now() + kPatience);
    const std::string more(16 * 1024, ' ');
    net::Event never(loop_);
    while (is_endless && sent && !stops_) {
        co_await never.wait_until(core::Clock::now() + kBreath);
        sent = co_await stream.write_all(more, core::Clock::now() + kPatience);
    }
}

net::Task<> Server::connect(net::Stream stream,
                            RequestFacts facts,
                            UpgradeActPtr act,
                            net::HttpRequest request)
{
    const unsigned number = facts.connection;
    {
        const Guest guest(*this, stream);
        const std::string bytes = net::to_bytes(switching(request, act.get()), true);
        const auto sent = co_await stream.write_all(bytes, core::Clock::now() + kPatience);
        if (!sent || stops_)
            co_return;
    }
    Connection connection(world_, transcript_, std::move(facts), loop_, std::move(stream));
    connections_.emplace(number, &connection);
    ++world_.stats.connections_total;
    ++world_.stats.connections_open;
    auto then = act ? act->then : std::nullopt;
    const End end = co_await connection.run(std::move(request.leftover), std::move(then));
    connections_.erase(number);
    --world_.stats.connections_open;
    transcript_.end(number, end);
}

} // namespace turngate::sim
