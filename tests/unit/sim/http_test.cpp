#include "server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

namespace turngate::sim {
namespace {

using nlohmann::json;

// What came of a request, as its bytes say.
struct Answer
{
    std::string head;
    std::string body;                // of chunks, put together
    std::vector<std::string> chunks; // none: it had a length, or no end of its own

    int status() const { return head.size() < 12 ? 0 : std::stoi(head.substr(9, 3)); }
    bool has(std::string_view text) const { return body.find(text) != body.npos; }
    json object() const { return json::parse(body, nullptr, false); }
};

// A client that speaks bytes. Whatever does not come within seconds is a failure.
class Peer
{
public:
    explicit Peer(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0))
    {
        const timeval patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port =
            htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    }
    ~Peer() { ::close(fd_); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    void send(const std::string& bytes)
    {
        EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }

    Answer ask(const std::string& bytes)
    {
        send(bytes);
        return answer();
    }

    Answer answer()
    {
        Answer answer;
        answer.head = until("\r\n\r\n");
        if (answer.head.find("transfer-encoding: chunked") != answer.head.npos) {
            for (;;) {
                const std::string size = until("\r\n");
                if (size.empty() || size == "0\r\n")
                    break;
                const std::size_t bytes = std::stoul(size, nullptr, 16);
                answer.chunks.push_back(take(bytes));
                answer.body += answer.chunks.back();
                until("\r\n");
            }
            until("\r\n");
        } else if (const auto at = answer.head.find("content-length: "); at != answer.head.npos) {
            answer.body = take(std::stoul(answer.head.substr(at + 16)));
        } else {
            while (more()) {
            }
            answer.body = std::exchange(bytes_, {});
        }
        return answer;
    }

    // How the connection ends, and that nothing comes before.
    std::string end()
    {
        while (more()) {
        }
        EXPECT_EQ(bytes_, "");
        return ended_;
    }

private:
    bool more()
    {
        char bytes[4096];
        const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
        if (n > 0)
            bytes_.append(bytes, static_cast<std::size_t>(n));
        else if (ended_.empty()) // it is told once
            ended_ = n == 0 ? "eof" : (errno == ECONNRESET ? "reset" : std::strerror(errno));
        return n > 0;
    }
    std::string until(std::string_view mark)
    {
        std::size_t at = 0;
        while ((at = bytes_.find(mark)) == bytes_.npos)
            if (!more())
                return {};
        return cut(at + mark.size());
    }
    std::string take(std::size_t size)
    {
        while (bytes_.size() < size && more()) {
        }
        return cut(size);
    }
    std::string cut(std::size_t size)
    {
        std::string front = bytes_.substr(0, size);
        bytes_.erase(0, size);
        return front;
    }

    int fd_;
    std::string bytes_;
    std::string ended_;
};

std::string post(const json& body, const std::string& path = "/v1/responses")
{
    const std::string text = body.dump();
    return "POST " + path +
           " HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer k\r\n"
           "content-type: application/json\r\ncontent-length: " +
           std::to_string(text.size()) + "\r\n\r\n" + text;
}

std::string get(const std::string& path)
{
    return "GET " + path + " HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer k\r\n\r\n";
}

const json kStreamed{{"model", "sim-1"}, {"input", "Hi"}, {"stream", true}};
const json kWhole{{"model", "sim-1"}, {"input", "Hi"}};

// The real server on its own thread.
class HttpTest : public testing::Test
{
protected:
    ~HttpTest() override
    {
        server->stop();
        thread.join();
    }

    void start(const std::string& rules = "[]", Options options = {})
    {
        options.pacing = {2, 12, {}};
        server = std::make_unique<Server>(options);
        server->world().script = read_script(R"({"rules":)" + rules + "}");
        thread = std::thread([this] { server->run(); });
    }

    // Until the next.
    Peer& peer()
    {
        peer_ = std::make_unique<Peer>(server->address());
        return *peer_;
    }

    std::unique_ptr<Server> server;
    std::thread thread;

private:
    std::unique_ptr<Peer> peer_;
};

TEST_F(HttpTest, StreamsTheVendorsFormAndKeepsTheConnection)
{
    start();
    Peer& client = peer();
    for (int i = 0; i < 2; ++i) {
        const Answer answer = client.ask(post(kStreamed));
        EXPECT_EQ(answer.status(), 200);
        EXPECT_NE(answer.head.find("content-type: text/event-stream"), answer.head.npos);
        EXPECT_TRUE(answer.body.starts_with(
            "event: response.created\ndata: {\"type\":\"response.created\","));
        EXPECT_TRUE(answer.has("\n\nevent: response.completed\ndata: {"));
        EXPECT_TRUE(answer.body.ends_with("}\n\n"));
    }
    const Answer whole = client.ask(post(kWhole));
    EXPECT_NE(whole.head.find("content-type: application/json"), whole.head.npos);
    EXPECT_EQ(whole.object()["status"], "completed");
}

TEST_F(HttpTest, WritesEventsAsScripted)
{
    const struct
    {
        const char* form;
        const char* there;
        const char* not_there;
    } rows[] = {
        {R"({"newline":"crlf"})", "}\r\n\r\nevent: response.completed\r\ndata: {", "}\n"},
        {R"({"newline":"cr"})", "}\r\revent: response.completed\rdata: {", "\n"},
        {R"({"event":false})", "}\n\ndata: {", "event:"},
        {R"({"space":false})", "\ndata:{", "data: "},
        {R"({"split":true})", "data: {\"type\":\"response.created\",\ndata: \"", "\r"},
        {R"({"ids":true})", "\n\nid: 1\nevent: ", "retry"},
        {R"({"retry":true})", "retry: 3000\nevent: response.created", "\nid:"},
        {R"({"comments":true})", "}\n\n: a comment\n\nevent: ", "[DONE]"},
        {R"({"done":true})", "}\n\ndata: [DONE]\n\n", "comment"},
    };
    start();
    Peer& client = peer();
    for (const auto& row : rows) {
        const std::string rules =
            R"({"rules":[{"do":{"http":{"sse":)" + std::string(row.form) + "}}}]}";
        EXPECT_EQ(client.ask(post(json::parse(rules), "/_sim/script")).status(), 200);
        const Answer answer = client.ask(post(kStreamed));
        EXPECT_TRUE(answer.has(row.there)) << row.form << answer.body;
        EXPECT_FALSE(answer.has(row.not_there)) << row.form << answer.body;
    }
}

TEST_F(HttpTest, CutsTheStreamIntoPieces)
{
    start(R"([{"times":1,"do":{"http":{"sse":{"cut":7}}}}])");
    Peer& client = peer();
    const Answer cut = client.ask(post(kStreamed));
    EXPECT_GT(cut.chunks.size(), cut.body.size() / 7 - 1);
    for (const std::string& chunk : cut.chunks)
        EXPECT_LE(chunk.size(), 7u);
    EXPECT_TRUE(cut.has("event: response.completed\n"));
    EXPECT_LT(client.ask(post(kStreamed)).chunks.size(), 10u);
}

TEST_F(HttpTest, GivesTheAnswerTheHeadThatIsScripted)
{
    start(R"([{"times":1,"do":{"http":{"as":"document","headers":{"x-a":"b"}}}},
              {"times":1,"do":{"http":{"as":"stream","status":203,"content_type":"text/odd"}}},
              {"times":1,"do":{"metadata_turn_state":"T","http":{"head_first":true}}},
              {"times":1,"do":{"empty_output":true}},
              {"times":1,"do":{"events":[{"raw":": raw\n\n","when":"created"}]}},
              {"do":{"http":{"framing":"close"}}}])");
    Peer& client = peer();
    const Answer document = client.ask(post(kStreamed));
    EXPECT_NE(document.head.find("x-a: b\r\n"), document.head.npos);
    EXPECT_EQ(document.object()["status"], "completed");
    const Answer stream = client.ask(post(kWhole));
    EXPECT_EQ(stream.status(), 203);
    EXPECT_NE(stream.head.find("content-type: text/odd\r\n"), stream.head.npos);
    EXPECT_TRUE(stream.has("event: response.completed"));
    const Answer stateful = client.ask(post(kStreamed));
    EXPECT_NE(stateful.head.find("x-codex-turn-state: T\r\n"), stateful.head.npos);
    EXPECT_FALSE(stateful.has("response.metadata"));
    EXPECT_EQ(client.ask(post(kWhole)).object()["output"], json::array());
    EXPECT_TRUE(client.ask(post(kStreamed)).has("}\n\n: raw\n\nevent: "));
    const Answer closed = client.ask(post(kStreamed));
    EXPECT_NE(closed.head.find("connection: close\r\n"), closed.head.npos);
    EXPECT_TRUE(closed.body.ends_with("}\n\n"));
    EXPECT_EQ(client.end(), "eof");
}

TEST_F(HttpTest, SaysThatItLivesWhileItIsSilent)
{
    start(R"([{"do":{"delay_ms":60,"http":{"keepalive":{"every_ms":5,"text":": still here"}}}}])");
    const Answer answer = peer().ask(post(kStreamed));
    EXPECT_TRUE(answer.body.starts_with(": still here\n\n"));
    EXPECT_TRUE(answer.has(": still here\n\nevent: response.created"));
}

TEST_F(HttpTest, EndsConnectionsAfterAnAnswerAsScripted)
{
    start(R"([{"times":1,"do":{"http":{"then":{"kind":"eof"}}}},
              {"times":1,"do":{"http":{"then":{"kind":"reset"}}}},
              {"times":1,"do":{"fault":{"kind":"reset","when":"created"}}},
              {"times":1,"do":{"fault":{"kind":"close","when":"before"}}}])");
    for (const char* how : {"eof", "reset"}) {
        Peer& client = peer();
        EXPECT_TRUE(client.ask(post(kStreamed)).has("event: response.completed"));
        EXPECT_EQ(client.end(), how);
    }
    Peer& cut = peer();
    EXPECT_FALSE(cut.ask(post(kStreamed)).has("response.completed"));
    EXPECT_EQ(cut.end(), "reset");
    Peer& silent = peer();
    EXPECT_EQ(silent.ask(post(kStreamed)).head, "");
    EXPECT_EQ(silent.end(), "eof");
}

TEST_F(HttpTest, AnswersRequestsAsScriptedInsteadOfTheApi)
{
    start(R"([{"match":{"method":"GET","request":1},
               "do":{"request":{"status":503,"headers":{"retry-after":"1"},"body":{"a":1}}}},
              {"match":{"request":2},"do":{"request":{"reset":true}}},
              {"match":{"path":"/v1/eof"},"do":{"request":{"eof":true}}},
              {"match":{"path":"/v1/early"},"do":{"request":{"status":400,"when":"head"}}},
              {"match":{"path":"/v1/part"},"do":{"request":{"status":400,"when":"body:3"}}},
              {"match":{"header":{"x-slow":"1"}},"do":{"request":{"bytes_per_second":100000}}}])");
    Peer& client = peer();
    const Answer answer = client.ask(get("/v1/models"));
    EXPECT_EQ(answer.status(), 503);
    EXPECT_NE(answer.head.find("retry-after: 1\r\n"), answer.head.npos);
    EXPECT_EQ(answer.body, R"({"a":1})");
    client.send(get("/v1/models"));
    EXPECT_EQ(client.end(), "reset");
    Peer& lost = peer();
    lost.send(post(kWhole, "/v1/eof"));
    EXPECT_EQ(lost.end(), "eof");

    const std::string whole = post(kWhole, "/v1/early");
    Peer& early = peer(); // its body never comes
    EXPECT_EQ(early.ask(whole.substr(0, whole.find("\r\n\r\n") + 4)).status(), 400);
    EXPECT_EQ(early.end(), "eof");
    const std::string other = post(kWhole, "/v1/part");
    EXPECT_EQ(peer().ask(other.substr(0, other.find("\r\n\r\n") + 7)).status(), 400);

    std::string slow = post(kWhole);
    slow.insert(slow.find("host:"), "x-slow: 1\r\n");
    EXPECT_EQ(peer().ask(slow).object()["status"], "completed");
}

TEST_F(HttpTest, HangsUntilTheClientGoes)
{
    start(R"([{"times":1,"do":{"request":{"hang":true}}}])");
    peer().send(post(kWhole));
    Peer& next = peer(); // the first is gone
    for (;;) {
        const json stats = next.ask(get("/_sim/stats")).object();
        if (stats["requests"] == 1 && stats["http_connections_open"] == 0)
            break;
        ASSERT_FALSE(stats.is_discarded());
    }
    EXPECT_EQ(next.ask(post(kWhole)).status(), 200);
}

TEST_F(HttpTest, WantsIdsWhereTheyAreRequired)
{
    Options options;
    options.ids_required = true;
    start("[]", options);
    json item{{"type", "message"},
              {"role", "assistant"},
              {"content", {{{"type", "output_text"}, {"text", "a"}}}}};
    Peer& client = peer();
    EXPECT_EQ(client.ask(post({{"model", "m"}, {"input", {item}}})).status(), 400);
    item["id"] = "msg_1";
    EXPECT_EQ(client.ask(post({{"model", "m"}, {"input", {item}}})).status(), 400);
    item["status"] = "completed";
    EXPECT_EQ(client.ask(post({{"model", "m"}, {"input", {item}}})).status(), 200);
}

TEST_F(HttpTest, KnowsTheModelsThatThereAre)
{
    Options options;
    options.models = {"one", "two"};
    start("[]", options);
    Peer& client = peer();
    const json list = client.ask(get("/v1/models")).object();
    EXPECT_EQ(list["data"].size(), 2u);
    EXPECT_EQ(list["data"][1]["id"], "two");
    EXPECT_EQ(client.ask(get("/v1/models/one")).object()["id"], "one");
    EXPECT_EQ(client.ask(get("/v1/models/three")).status(), 404);
    const Answer refused = client.ask(post(kWhole));
    EXPECT_EQ(refused.status(), 400);
    EXPECT_EQ(refused.object()["error"]["code"], "model_not_found");
    EXPECT_EQ(client.ask(post({{"model", "two"}, {"input", "Hi"}})).status(), 200);
}

TEST_F(HttpTest, EndsConnectionsThatAreIdleForLong)
{
    Options options;
    options.idle = std::chrono::milliseconds(30);
    start("[]", options);
    Peer& client = peer();
    EXPECT_EQ(client.ask(post(kWhole)).status(), 200);
    EXPECT_EQ(client.end(), "eof");
}

TEST(HttpScript, NamesThePlaceOfAMistake)
{
    const struct
    {
        const char* what;
        const char* complaint;
    } rows[] = {
        {R"({"do":{"request":{"status":99}}})", "rules[0].do.request: status must be 200 to 599"},
        {R"({"do":{"request":{"eof":true,"when":"tail"}}})",
         "rules[0].do.request: 'tail' is no moment: head, body:N or body"},
        {R"({"do":{"request":{"when":"head"}}})",
         "rules[0].do.request: has nothing to do at that moment"},
        {R"({"do":{"request":{"wrong":1}}})", "rules[0].do.request: unknown key 'wrong'"},
        {R"({"match":{"lane":"a"},"do":{"request":{"eof":true}}})",
         "rules[0].match: unknown key 'lane'"},
        {R"({"match":{"method":"GET"},"do":{}})", "rules[0].match: unknown key 'method'"},
        {R"({"match":{"transport":"udp"},"do":{}})",
         "rules[0].match: transport must be ws or http"},
        {R"({"do":{"http":{"as":"text"}}})", "rules[0].do.http: as must be stream or document"},
        {R"({"do":{"http":{"framing":"none"}}})",
         "rules[0].do.http: framing must be chunked or close"},
        {R"({"do":{"http":{"keepalive":{}}}})", "rules[0].do.http.keepalive: needs 'every_ms'"},
        {R"({"do":{"http":{"then":{"kind":"hang"}}}})",
         "rules[0].do.http: then must be reset or eof"},
        {R"({"do":{"http":{"sse":{"newline":"nl"}}}})",
         "rules[0].do.http.sse: newline must be lf, crlf or cr"},
        {R"({"do":{"http":{"sse":{"colon":true}}}})", "rules[0].do.http.sse: unknown key 'colon'"},
    };
    for (const auto& row : rows) {
        try {
            read_script(R"({"rules":[)" + std::string(row.what) + "]}");
            ADD_FAILURE() << row.what;
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), row.complaint);
        }
    }
}

} // namespace
} // namespace turngate::sim
