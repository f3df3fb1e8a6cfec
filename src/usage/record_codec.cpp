// The journal's payload: one version byte, then the fields in order. Numbers are LEB128 varints
// (zigzag where they may be negative), texts a varint length and their bytes. A change of the
// fields is a new version byte; older versions stay readable for as long as a journal may hold
// them.
#include "turngate/usage/record.hpp"

#include "turngate/core/bytes.hpp"

namespace turngate::usage {
namespace {

constexpr std::uint8_t kFirstVersion = 1;
constexpr std::uint8_t kVersion = 3;      // 2: routing; 3: upstream_transport
constexpr std::uint8_t kLastVersion = 31; // that there may ever be: more is no version

constexpr std::size_t kIdBytes = 256;
constexpr std::size_t kTextBytes = 512;
constexpr std::size_t kRoutingBytes = 300;
constexpr std::size_t kAgentBytes = 256;
constexpr std::size_t kAddressBytes = 64;

// The one list of fields: the writer and the reader both walk it, so they cannot disagree.
// Fields of a later version follow those before it.
template <class Record, class Fields>
void each_field(Record& record, Fields& fields, std::uint8_t version)
{
    fields.text(record.response_uid, kIdBytes);
    fields.text(record.turn_id, kIdBytes);
    fields.text(record.upstream_response_id, kIdBytes);
    fields.text(record.user, kTextBytes);
    fields.text(record.key, kTextBytes);
    fields.text(record.group, kTextBytes);
    fields.text(record.account, kTextBytes);
    fields.text(record.requested_model, kTextBytes);
    fields.text(record.upstream_model, kTextBytes);
    fields.text(record.lane, kTextBytes);
    fields.text(record.session, kIdBytes);
    fields.choice(record.request_type, RequestType::ws_v2);
    fields.number(record.tokens.input);
    fields.number(record.tokens.cached);
    fields.number(record.tokens.cache_write);
    fields.number(record.tokens.output);
    fields.number(record.tokens.reasoning);
    fields.number(record.tokens.total);
    fields.number(record.tokens.web_searches);
    fields.choice(record.status, Status::aborted);
    fields.text(record.reason, kTextBytes);
    fields.choice(record.estimated, true);
    fields.number(record.attempts);
    fields.text(record.retry_reason, kTextBytes);
    fields.text(record.service_tier, kTextBytes);
    fields.text(record.price_version, kTextBytes);
    fields.number(record.multiplier.value);
    fields.number(record.cost.value);
    fields.number(record.account_cost.value);
    fields.number(record.queue_ms);
    fields.number(record.first_token_ms);
    fields.number(record.total_ms);
    fields.time(record.started_at);
    fields.text(record.user_agent, kAgentBytes);
    fields.text(record.client_ip, kAddressBytes);
    if (version >= 2)
        fields.text(record.routing, kRoutingBytes);
    if (version >= 3)
        fields.choice(record.upstream_transport, UpstreamTransport::http);
}

class Writer
{
public:
    void text(const std::string& value, std::size_t max_bytes)
    {
        const std::string clean = core::clean_utf8(value, max_bytes);
        varint(clean.size());
        bytes_.append(clean);
    }
    void number(std::int64_t value)
    {
        varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
    }
    void number(const std::optional<std::int64_t>& value)
    {
        choice(value.has_value(), true);
        if (value)
            number(*value);
    }
    void time(core::Timestamp value) { number(std::int64_t{value.time_since_epoch().count()}); }
    template <class T>
    void choice(T value, T)
    {
        bytes_.push_back(static_cast<char>(value));
    }
    std::string take() && { return std::move(bytes_); }

private:
    void varint(std::uint64_t value)
    {
        for (; value >= 0x80; value >>= 7)
            bytes_.push_back(static_cast<char>(value | 0x80));
        bytes_.push_back(static_cast<char>(value));
    }

    std::string bytes_{static_cast<char>(kVersion)};
};

// Once a field does not fit, nothing after it is read and `is_whole` stays false.
class Reader
{
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    void text(std::string& value, std::size_t)
    {
        const std::uint64_t size = varint();
        if (size > rest_.size())
            return fail();
        value.assign(rest_.substr(0, size));
        rest_.remove_prefix(size);
    }
    void number(std::int64_t& value)
    {
        const std::uint64_t zigzag = varint();
        value = static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
    }
    void number(std::int32_t& value)
    {
        std::int64_t wide = 0;
        number(wide);
        value = static_cast<std::int32_t>(wide);
        if (value != wide)
            fail();
    }
    void number(std::optional<std::int64_t>& value)
    {
        bool is_given = false;
        choice(is_given, true);
        if (is_given)
            number(value.emplace());
    }
    void time(core::Timestamp& value)
    {
        std::int64_t us = 0;
        number(us);
        value = core::Timestamp(std::chrono::microseconds(us));
    }
    template <class T>
    void choice(T& value, T last)
    {
        const std::uint8_t raw = byte();
        if (raw > static_cast<std::uint8_t>(last))
            return fail();
        value = static_cast<T>(raw);
    }
    bool is_whole() const { return !failed_ && rest_.empty(); }

private:
    std::uint8_t byte()
    {
        if (rest_.empty()) {
            fail();
            return 0;
        }
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    std::uint64_t varint()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t part = byte();
            if (shift == 63 && part > 1)
                break;
            value |= std::uint64_t{part & 0x7fu} << shift;
            if (part < 0x80)
                return value;
        }
        fail();
        return 0;
    }
    void fail()
    {
        failed_ = true;
        rest_ = {};
    }

    std::string_view rest_;
    bool failed_ = false;
};

} // namespace

std::string encode(const UsageRecord& record)
{
    Writer writer;
    each_field(record, writer, kVersion);
    return std::move(writer).take();
}

std::optional<UsageRecord> decode(std::string_view bytes)
{
    const std::uint8_t version = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.front());
    if (version < kFirstVersion || version > kVersion)
        return std::nullopt;
    Reader reader(bytes.substr(1));
    UsageRecord record;
    each_field(record, reader, version);
    if (!reader.is_whole())
        return std::nullopt;
    return record;
}

bool is_of_newer_program(std::string_view bytes) noexcept
{
    const std::uint8_t version = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.front());
    return version > kVersion && version <= kLastVersion;
}

} // namespace turngate::usage
