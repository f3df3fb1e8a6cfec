// What the frame codec costs. A claim about its speed is a line of this program's output.

#include "turngate/net/frame.hpp"

#include <benchmark/benchmark.h>

#include <cstring>

namespace turngate::net {
namespace {

constexpr std::size_t kRead = 64 * 1024, kMiB = 1024 * 1024;

// An event with a delta of 64 bytes, as the bench's upstream sends it.
std::string event(int number)
{
    return R"({"type":"response.output_text.delta","sequence_number":)" + std::to_string(number) +
           R"(,"item_id":"msg_68b0c1f2a3d48191","output_index":0,"content_index":0,"delta":")" +
           std::string(64, static_cast<char>('a' + number % 26)) + R"("})";
}

std::string encode(Role role, std::string_view payload)
{
    const FrameHeader header = make_header(role, Opcode::text, payload.size());
    std::string bytes(header.view());
    bytes += payload;
    apply_mask(std::span(bytes).subspan(header.size), header.mask);
    return bytes;
}

std::string stream_of_events(Role role)
{
    std::string bytes;
    for (int i = 0; bytes.size() < 4 * kRead; ++i)
        bytes += encode(role, event(i));
    return bytes;
}

void count_frames(benchmark::State& state, std::size_t frames)
{
    state.counters["per_frame"] = benchmark::Counter(
        static_cast<double>(frames), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Reads of 64 KiB, each ending in the middle of a frame. From clients, a copy of the bytes is part
// of it, since they are unmasked in place.
void Feed(benchmark::State& state, Role reader)
{
    const std::string bytes =
        stream_of_events(reader == Role::client ? Role::server : Role::client);
    std::string copy = bytes;
    FrameParser parser(reader, {});
    std::vector<Frame> frames;
    std::size_t seen = 0;
    for (auto _ : state) {
        if (reader == Role::server)
            std::memcpy(copy.data(), bytes.data(), bytes.size());
        for (std::span<char> rest(copy); !rest.empty();) {
            const std::span<char> read = rest.first(std::min(kRead, rest.size()));
            frames.clear();
            if (!parser.feed(read, frames))
                return state.SkipWithError("refused");
            seen += frames.size();
            benchmark::DoNotOptimize(frames.data());
            rest = rest.subspan(read.size());
        }
    }
    count_frames(state, seen);
}
BENCHMARK_CAPTURE(Feed, upstream_events, Role::client);
BENCHMARK_CAPTURE(Feed, client_events, Role::server);

// One message of 1 MiB, received as a connection does it: read by read, then into the parser's own
// space.
void Receive(benchmark::State& state, Role reader)
{
    const std::string bytes =
        encode(reader == Role::client ? Role::server : Role::client, std::string(kMiB, 'x'));
    std::string buffer(kRead, '\0');
    FrameParser parser(reader, {});
    std::vector<Frame> frames;
    for (auto _ : state) {
        frames.clear();
        for (std::string_view rest = bytes; !rest.empty();) {
            const std::span<char> space = parser.direct_space();
            const std::span<char> to = space.empty() ? std::span<char>(buffer) : space;
            const std::size_t n = std::min(to.size(), rest.size());
            std::memcpy(to.data(), rest.data(), n);
            if (!(space.empty() ? parser.feed(to.first(n), frames) : parser.filled(n, frames)))
                return state.SkipWithError("refused");
            rest.remove_prefix(n);
        }
        benchmark::DoNotOptimize(frames.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK_CAPTURE(Receive, mebibyte_from_upstream, Role::client);
BENCHMARK_CAPTURE(Receive, mebibyte_from_client, Role::server);

void Unmask(benchmark::State& state)
{
    std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) {
        apply_mask(bytes, {0x37, 0xfa, 0x21, 0x3d});
        benchmark::DoNotOptimize(bytes.data());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Unmask)->Arg(100)->Arg(16 * 1024)->Arg(kMiB);

std::string events_of(std::size_t size)
{
    std::string text;
    for (int i = 0; text.size() < size; ++i)
        text += event(i * 7919);
    return text.substr(0, size);
}

void Deflate(benchmark::State& state)
{
    const std::string text = events_of(static_cast<std::size_t>(state.range(0)));
    Deflater deflater;
    std::size_t size = 0;
    for (auto _ : state)
        size = deflater.deflate(text).size();
    state.counters["ratio"] = static_cast<double>(size) / static_cast<double>(text.size());
}
BENCHMARK(Deflate)->Arg(200)->Arg(16 * 1024)->Arg(kMiB);

void Inflate(benchmark::State& state)
{
    Deflater deflater;
    const std::string_view body =
        deflater.deflate(events_of(static_cast<std::size_t>(state.range(0))));
    const FrameHeader header = make_header(Role::server, Opcode::text, body.size(), true);
    std::string bytes = std::string(header.view()).append(body);
    FrameParser parser(Role::client, {});
    parser.enable_inflate();
    std::vector<Frame> frames;
    for (auto _ : state) {
        frames.clear();
        if (!parser.feed(bytes, frames))
            return state.SkipWithError("refused");
        benchmark::DoNotOptimize(frames.data());
    }
}
BENCHMARK(Inflate)->Arg(200)->Arg(16 * 1024)->Arg(kMiB);

} // namespace
} // namespace turngate::net

BENCHMARK_MAIN();
