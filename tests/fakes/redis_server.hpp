#pragma once

#include "turngate/config/config.hpp"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace turngate::fakes {

// A real redis-server of the test's own: on a Unix socket in a folder of its own, keeping nothing
// on disk. It must be installed.
class RedisServer
{
public:
    enum class Kind { plain, password, cluster, tcp };

    explicit RedisServer(Kind kind = Kind::plain) : kind_(kind)
    {
        std::string name = (std::filesystem::temp_directory_path() / "turngate-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        if (kind_ == Kind::tcp)
            port_ = free_port();
        start();
    }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;
    ~RedisServer()
    {
        kill();
        std::filesystem::remove_all(folder_);
    }

    config::Redis config() const
    {
        config::Redis redis;
        redis.timeout = std::chrono::milliseconds(500); // sanitizers, and a busy machine
        if (kind_ == Kind::tcp) {
            redis.host = "localhost";
            redis.port = port_;
            redis.database = 3;
        } else {
            redis.path = socket();
        }
        if (has_password())
            redis.password = kPassword;
        return redis;
    }

    void start()
    {
        child_ = ::fork();
        if (child_ == 0)
            become_redis();
        wait_until([&] { return command({"PING"}) == "PONG"; });
        if (kind_ == Kind::cluster &&
            command({"CLUSTER", "INFO"}).find("assigned:0") != std::string::npos)
            command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"});
        if (kind_ == Kind::cluster)
            wait_until(
                [&] { return command({"CLUSTER", "INFO"}).find("state:ok") != std::string::npos; });
    }
    void kill()
    {
        if (child_ <= 0)
            return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }
    void pause() { ::kill(child_, SIGSTOP); }
    void resume() { ::kill(child_, SIGCONT); }

    // As text: of a list its items, a line each; of an error its message; nothing if unreachable.
    std::string command(const std::vector<std::string>& words) const
    {
        const Context context(redisConnectUnix(socket().c_str()), redisFree);
        if (!context || context->err)
            return "";
        if (has_password())
            ask(*context, {"AUTH", kPassword});
        return ask(*context, words);
    }

    // All is forgotten, scripts too.
    void clear() const
    {
        command({"FLUSHALL"});
        command({"SCRIPT", "FLUSH"});
    }

private:
    static constexpr const char* kPassword = "open sesame";

    using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
    using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

    std::string socket() const { return (folder_ / "socket").string(); }
    bool has_password() const { return kind_ == Kind::password || kind_ == Kind::tcp; }

    static std::string ask(redisContext& context, const std::vector<std::string>& words)
    {
        std::vector<const char*> texts;
        std::vector<std::size_t> sizes;
        for (const std::string& word : words) {
            texts.push_back(word.data());
            sizes.push_back(word.size());
        }
        const Reply reply(
            static_cast<redisReply*>(redisCommandArgv(
                &context, static_cast<int>(words.size()), texts.data(), sizes.data())),
            [](void* given) {
                if (given)
                    freeReplyObject(given);
            });
        return reply ? text_of(*reply) : "";
    }

    static std::string text_of(const redisReply& reply)
    {
        if (reply.type == REDIS_REPLY_INTEGER)
            return std::to_string(reply.integer);
        if (reply.type != REDIS_REPLY_ARRAY)
            return reply.str ? std::string(reply.str, reply.len) : "";
        std::string text;
        for (std::size_t i = 0; i < reply.elements; ++i)
            text += text_of(*reply.element[i]) + "\n";
        return text;
    }

    [[noreturn]] void become_redis()
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL); // whatever becomes of the test
        std::vector<std::string> words{"redis-server", "--port", std::to_string(port_)};
        const auto add = [&](std::initializer_list<std::string> more) {
            words.insert(words.end(), more);
        };
        add({"--bind", "127.0.0.1", "--unixsocket", socket(), "--dir", folder_.string()});
        add({"--save", "", "--appendonly", "no", "--logfile", (folder_ / "log").string()});
        if (has_password())
            add({"--requirepass", kPassword});
        if (kind_ == Kind::cluster)
            add({"--cluster-enabled", "yes"});
        std::vector<char*> arguments;
        for (std::string& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        ::execvp("redis-server", arguments.data());
        ::_exit(127);
    }

    template <class Condition>
    void wait_until(const Condition& is_so)
    {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!is_so()) {
            if (::waitpid(child_, nullptr, WNOHANG) == child_)
                throw std::runtime_error("redis-server does not run; is it installed?");
            if (std::chrono::steady_clock::now() > give_up)
                throw std::runtime_error("redis-server does not answer");
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }

    static std::uint16_t free_port()
    {
        const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size);
        ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
        ::close(descriptor);
        return ntohs(address.sin_port);
    }

    const Kind kind_;
    std::filesystem::path folder_;
    std::uint16_t port_ = 0;
    pid_t child_ = 0;
};

} // namespace turngate::fakes
