#pragma once

#include "line.hpp"
#include "session.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace turngate::sim {

// What a session said and did.
class RecordingLine : public Line
{
public:
    void send(std::string_view event) override { sent.emplace_back(event); }
    void send_binary(std::string_view) override { done.emplace_back("binary"); }
    void close(std::uint16_t code, std::string_view reason) override
    {
        done.push_back("close " + std::to_string(code) + " " + std::string(reason));
        open = false;
    }
    void reset() override { finish("reset"); }
    void end() override { finish("eof"); }
    void freeze() override { finish("frozen"); }
    void stop_pongs() override { done.emplace_back("no pongs"); }
    void read_slowly(unsigned bytes) override { done.push_back("slow " + std::to_string(bytes)); }
    bool is_open() const override { return open; }
    bool is_congested() const override { return congested; }

    void finish(const char* how)
    {
        done.emplace_back(how);
        open = false;
    }

    std::vector<std::string> sent;
    std::vector<std::string> done;
    bool open = true;
    bool congested = false;
};

// A process of the sim without sockets: connections are opened by number, time is what the test
// says.
class Bench
{
public:
    using json = nlohmann::json;

    explicit Bench(const Options& options = {}, const std::string& rules = "[]") : world(options)
    {
        world.script = read_script(R"({"rules":)" + rules + "}");
    }

    struct Client
    {
        RecordingLine line;
        std::unique_ptr<Session> session;
        std::size_t read = 0;
    };

    // Which are there, so that a test speaks of connections as the script does.
    Client& connect(const std::string& beta = {}, const std::string& key = "Bearer k")
    {
        RequestFacts facts;
        facts.connection = ++connections;
        facts.path = "/v1/responses";
        facts.headers.add("authorization", key);
        if (!beta.empty())
            facts.headers.add("openai-beta", beta);
        clients.push_back(std::make_unique<Client>());
        Client& client = *clients.back();
        client.session =
            std::make_unique<Session>(world, transcript, std::move(facts), client.line);
        return client;
    }

    // Says it and gives the events that came at once.
    std::vector<json> say(Client& client, const json& event)
    {
        client.session->on_message(event.dump(), now);
        return news(client);
    }

    std::vector<json> wait(Client& client, std::chrono::milliseconds time)
    {
        now += time;
        client.session->play(now);
        return news(client);
    }

    std::vector<json> news(Client& client)
    {
        std::vector<json> events;
        for (; client.read < client.line.sent.size(); ++client.read)
            events.push_back(json::parse(client.line.sent[client.read], nullptr, false));
        return events;
    }

    World world;
    Transcript transcript{""};
    core::Deadline now{};
    unsigned connections = 0;
    std::vector<std::unique_ptr<Client>> clients;
};

inline nlohmann::json create(nlohmann::json fields = nlohmann::json::object())
{
    nlohmann::json event{{"type", "response.create"}, {"model", "gpt-5.2"}, {"input", "Hello"}};
    event.update(fields);
    return event;
}

inline nlohmann::json continuing(const nlohmann::json& parent,
                                 nlohmann::json fields = nlohmann::json::object())
{
    fields["previous_response_id"] = parent;
    return create(std::move(fields));
}

// The types of events without "response."; deltas counted once each.
inline std::vector<std::string> types_of(const std::vector<nlohmann::json>& events)
{
    std::vector<std::string> types;
    for (const auto& event : events) {
        auto type = event.is_object() ? event["type"].get<std::string>() : "garbage";
        types.push_back(type.starts_with("response.") ? type.substr(9) : type);
    }
    return types;
}

// "completed", "incomplete", "failed", or the error's code or message.
inline std::string outcome(const std::vector<nlohmann::json>& events)
{
    if (events.empty())
        return "nothing";
    const auto& last = events.back();
    if (last["type"] != "error")
        return last["response"]["status"];
    return last["error"]["code"].is_null() ? last["error"]["message"] : last["error"]["code"];
}

inline nlohmann::json id_of(const std::vector<nlohmann::json>& events)
{
    return events.back()["response"]["id"];
}

} // namespace turngate::sim
