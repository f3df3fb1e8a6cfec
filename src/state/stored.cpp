#include "stored.hpp"

#include "bindings.hpp"
#include "packed.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>

namespace turngate::state {
namespace {

constexpr unsigned kVersion = 1;
constexpr std::size_t kMostCalls = 10'000; // of one response; more is damage

std::optional<core::Digest> digest_of(std::string_view hex)
{
    const auto bytes = core::from_hex(hex);
    core::Digest digest;
    if (!bytes || bytes->size() != digest.bytes.size())
        return std::nullopt;
    std::ranges::copy(*bytes, digest.bytes.begin());
    return digest;
}

} // namespace

std::size_t bytes_of(const StampedLane& lane)
{
    return bytes_of(lane.binding);
}

std::string store(const Binding& binding, std::string_view life)
{
    Packer packer(kVersion);
    packer.add(binding.account)
        .add(binding.lane)
        .add(life)
        .add(binding.connection)
        .add(static_cast<unsigned>(binding.store))
        .add(binding.context_tokens)
        .add(binding.pending_calls.size());
    for (const std::string& call : binding.pending_calls)
        packer.add(call);
    packer.add(binding.session ? binding.session->hex() : std::string());
    return std::move(packer).take();
}

std::optional<Binding> read_binding(std::string_view text, std::string_view life)
{
    Unpacker from(text);
    Binding binding;
    binding.account = from.text();
    binding.lane = from.text();
    const bool is_ours = from.text() == life;
    const auto connection = from.integer<std::uint64_t>();
    binding.connection = is_ours ? connection : 0;
    binding.store = from.integer<unsigned>() != 0;
    binding.context_tokens = from.integer<std::int64_t>();
    const auto calls = from.integer<std::size_t>();
    for (std::size_t i = 0; i < calls && i < kMostCalls && from.is_fine(); ++i)
        binding.pending_calls.emplace_back(from.text());
    if (from.version() != kVersion || !from.is_fine())
        return std::nullopt;
    binding.session = digest_of(from.text()); // empty where an older gateway wrote it
    return binding;
}

std::string store(const StampedLane& lane)
{
    Packer packer(kVersion);
    packer.add(lane.at.time_since_epoch().count())
        .add(lane.binding.account)
        .add(lane.binding.last_response)
        .add(lane.binding.turn_state);
    return std::move(packer).take();
}

std::optional<StampedLane> read_lane(std::string_view text)
{
    Unpacker from(text);
    StampedLane lane;
    lane.at = core::Timestamp(std::chrono::microseconds(from.integer<std::int64_t>()));
    lane.binding.account = from.text();
    lane.binding.last_response = from.text();
    lane.binding.turn_state = from.text();
    if (from.version() != kVersion || !from.is_fine())
        return std::nullopt;
    return lane;
}

} // namespace turngate::state
