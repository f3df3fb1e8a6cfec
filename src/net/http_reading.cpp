#include "turngate/net/http.hpp"

#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <utility>

namespace turngate::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kHeadChunk = 4 * 1024; // asked of the stream at a time
constexpr std::size_t kBodyChunk = 64 * 1024;
constexpr std::size_t kMostLine = 16 * 1024; // of a chunk's size, with its extensions; of trailers

core::Fault bad_message(const error_code& error)
{
    int status = 400;
    if (error == http::error::header_limit)
        status = 431;
    else if (error == http::error::body_limit)
        status = 413;
    return {core::FaultCode::invalid_request, error, "http", status};
}

// Whoever answers so is at fault, not who asked.
core::Fault not_whole(core::Fault fault)
{
    if (fault.code == core::FaultCode::invalid_request)
        fault.code = core::FaultCode::upstream_error;
    return fault;
}

// A body as it comes: string_body would make room for whatever content-length says.
struct Beginning
{
    using value_type = std::string;

    class reader
    {
    public:
        template <bool is_request, class Fields>
        reader(http::header<is_request, Fields>&, value_type& body) : body_(body)
        {
        }
        void init(const boost::optional<std::uint64_t>&, error_code& error) { error = {}; }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, error_code& error)
        {
            error = {};
            for (auto at = asio::buffer_sequence_begin(buffers);
                 at != asio::buffer_sequence_end(buffers);
                 ++at)
                body_.append(static_cast<const char*>(at->data()), at->size());
            return asio::buffer_size(buffers);
        }
        void finish(error_code& error) { error = {}; }

    private:
        value_type& body_;
    };
};

// Feeds the parser from leftover and then the stream, until it has enough. Beast parses, we read:
// it sees bytes, never sockets.
template <class Parser, class HasEnough>
Task<core::Result<std::string>> parse(Stream& stream,
                                      Parser& parser,
                                      std::string bytes,
                                      core::Deadline deadline,
                                      Stop* stop,
                                      HasEnough has_enough,
                                      std::size_t chunk_size = kHeadChunk)
{
    std::string chunk; // made when it is needed: most of what is read comes at once
    for (;;) {
        error_code error;
        const std::size_t used = parser.put(asio::buffer(bytes), error);
        bytes.erase(0, used);
        if (error && error != http::error::need_more)
            co_return bad_message(error);
        if (has_enough(parser))
            co_return bytes;
        if (!error && !bytes.empty() && used > 0)
            continue;
        if (parser.is_header_done() && used == 0 && bytes.size() > kMostLine)
            co_return bad_message(http::make_error_code(http::error::header_limit));
        chunk.resize(chunk_size);
        const auto read = co_await stream.read_some(chunk, deadline, stop);
        if (!read) {
            if (read.error().cause == asio::error::eof && parser.got_some()) {
                parser.put_eof(error);
                if (!error && parser.is_done())
                    co_return bytes;
            }
            co_return read.error();
        }
        bytes.append(chunk.data(), *read);
    }
}

template <class Fields>
void copy_headers(const Fields& from, HttpHeaders& to)
{
    for (const auto& field : from) {
        const auto name = field.name_string();
        const auto value = field.value();
        to.add({name.data(), name.size()}, {value.data(), value.size()});
    }
}

} // namespace

struct RequestReader::Parser
{
    http::request_parser<Beginning> of;
};

RequestReader::RequestReader(Stream& stream, std::string leftover, std::size_t max_head)
    : stream_(stream), bytes_(std::move(leftover)), parser_(std::make_unique<Parser>())
{
    parser_->of.header_limit(static_cast<std::uint32_t>(max_head));
    parser_->of.body_limit(boost::none);
}

RequestReader::~RequestReader() = default;

Task<core::Result<HttpRequest>> RequestReader::head(core::Deadline deadline)
{
    auto& parser = parser_->of;
    const auto has_head = [](const auto& read) { return read.is_header_done(); };
    auto rest =
        co_await parse(stream_, parser, std::move(bytes_), deadline, nullptr, has_head, kHeadChunk);
    if (!rest)
        co_return rest.error();
    bytes_ = std::move(*rest);
    parser.eager(true);
    HttpRequest request;
    request.method = std::string(parser.get().method_string());
    request.target = std::string(parser.get().target());
    copy_headers(parser.get(), request.headers);
    request.keep_alive = parser.keep_alive();
    request.is_1_0 = parser.get().version() < 11;
    co_return request;
}

bool RequestReader::is_whole() const noexcept
{
    return parser_->of.is_done();
}

std::optional<std::uint64_t> RequestReader::body_size() const noexcept
{
    const auto size = parser_->of.content_length();
    return size ? std::optional<std::uint64_t>(*size) : std::nullopt;
}

Task<core::Result<std::string>> RequestReader::piece(core::Deadline deadline)
{
    auto& parser = parser_->of;
    const auto has_some = [](const auto& read) {
        return read.is_done() || !read.get().body().empty();
    };
    auto rest =
        co_await parse(stream_, parser, std::move(bytes_), deadline, nullptr, has_some, kBodyChunk);
    if (!rest)
        co_return rest.error();
    bytes_ = std::move(*rest);
    co_return std::exchange(parser.get().body(), {});
}

Task<core::Result<HttpRequest>> read_request(Stream& stream,
                                             std::string leftover,
                                             HttpLimits limits,
                                             core::Deadline deadline)
{
    RequestReader reader(stream, std::move(leftover), limits.headers);
    auto request = co_await reader.head(deadline);
    if (!request)
        co_return request;
    if (reader.body_size().value_or(0) > limits.body)
        co_return bad_message(http::make_error_code(http::error::body_limit));
    while (!reader.is_whole()) {
        const auto piece = co_await reader.piece(deadline);
        if (!piece)
            co_return piece.error();
        if (request->body.size() + piece->size() > limits.body)
            co_return bad_message(http::make_error_code(http::error::body_limit));
        request->body += *piece;
    }
    request->leftover = reader.take_leftover();
    co_return request;
}

Task<core::Result<HttpResponse>> read_response(Stream& stream,
                                               HttpLimits limits,
                                               core::Deadline deadline,
                                               Stop* stop)
{
    const auto has_head = [](const auto& read) { return read.is_header_done(); };
    const auto has_beginning = [&](const auto& read) {
        return read.is_done() || read.get().body().size() >= limits.body;
    };
    std::string bytes;
    for (;;) {
        http::response_parser<Beginning> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.headers));
        parser.body_limit(boost::none);
        auto rest = co_await parse(stream, parser, std::move(bytes), deadline, stop, has_head);
        if (!rest)
            co_return rest.error();
        bytes = std::move(*rest);
        HttpResponse response;
        response.status = static_cast<int>(parser.get().result_int());
        if (response.status < 200 && response.status != 101)
            continue;
        if (!parser.is_done()) {
            parser.eager(true);
            const auto until = std::min(deadline, core::Clock::now() + limits.body_time);
            rest = co_await parse(stream, parser, std::move(bytes), until, stop, has_beginning);
            if (stop && stop->requested())
                co_return stop->reason();
            bytes = rest ? std::move(*rest) : std::string();
        }
        copy_headers(parser.get(), response.headers);
        response.body = std::move(parser.get().body());
        response.body.resize(std::min(response.body.size(), limits.body));
        response.leftover = std::move(bytes);
        co_return response;
    }
}

Task<core::Result<HttpResponse>> read_whole_response(Stream& stream,
                                                     HttpLimits limits,
                                                     core::ByteBudget::Share& share,
                                                     core::Deadline deadline,
                                                     Stop& stop)
{
    const auto has_head = [](const auto& read) { return read.is_header_done(); };
    std::string bytes;
    for (;;) {
        http::response_parser<Beginning> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.headers));
        parser.body_limit(boost::none);
        auto rest = co_await parse(stream, parser, std::move(bytes), deadline, &stop, has_head);
        if (!rest)
            co_return not_whole(rest.error());
        bytes = std::move(*rest);
        HttpResponse response;
        response.status = static_cast<int>(parser.get().result_int());
        if (response.status < 200)
            continue;
        parser.eager(true);
        std::string& body = parser.get().body();
        while (!parser.is_done()) {
            const auto has_more = [known = body.size()](const auto& read) {
                return read.is_done() || read.get().body().size() > known;
            };
            rest = co_await parse(
                stream, parser, std::move(bytes), deadline, &stop, has_more, kBodyChunk);
            if (!rest)
                co_return not_whole(rest.error());
            bytes = std::move(*rest);
            if (body.size() > limits.body || !share.resize(body.size()))
                co_return core::Fault{core::FaultCode::upstream_error, {}, "too large"};
        }
        copy_headers(parser.get(), response.headers);
        response.body = std::move(body);
        co_return response;
    }
}

} // namespace turngate::net
