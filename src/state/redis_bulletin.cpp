#include "redis_bulletin.hpp"

#include "packed.hpp"
#include "redis_keys.hpp"

#include <utility>

namespace turngate::state {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 1s;
constexpr auto kKeepOld = 60s;           // clocks differ
constexpr std::size_t kTellAtOnce = 200; // the rest at the next look
constexpr unsigned kVersion = 1;

// subject, rank, note: the higher rank stays. The whole hash goes when nothing is told for long.
const Script kPublish(R"(
local known = redis.call('HGET', KEYS[1], ARGV[1])
local rank = known and string.match(known, '^1;%d+:(%d+),')
if rank and tonumber(rank) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], 90000)
return 1
)");

std::string pack(const Note& note)
{
    Packer packer(kVersion);
    packer.add(note.rank).add(note.until.time_since_epoch().count()).add(note.value);
    return std::move(packer).take();
}

std::optional<Note> unpack(std::string_view text)
{
    Unpacker from(text);
    Note note;
    note.rank = from.integer<std::int64_t>();
    note.until = core::Timestamp(std::chrono::microseconds(from.integer<std::int64_t>()));
    note.value = from.integer<std::int64_t>();
    if (from.version() != kVersion || !from.is_fine())
        return std::nullopt;
    return note;
}

} // namespace

RedisBulletin::RedisBulletin(RedisLink& link,
                             Bulletin& bulletin,
                             const Instance& instance,
                             std::function<void()> on_flushed)
    : link_(link), bulletin_(bulletin), seen_key_(instance_seen_key(instance.name)),
      on_flushed_(std::move(on_flushed))
{
    link_.on_up([this] {
        was_seen_ = false;
        look_at_ = {}; // at the next tick
    });
    bulletin_.on_published([this](const std::string& subject, const Note& note) {
        link_.loop().post([this, subject, note] { tell(subject, note); });
    });
}

RedisBulletin::~RedisBulletin()
{
    bulletin_.on_published({});
}

void RedisBulletin::start()
{
    link_.loop().tick(*this);
}

void RedisBulletin::tell(const std::string& subject, const Note& note)
{
    link_.post(kPublish, {kBulletinKey}, {subject, std::to_string(note.rank), pack(note)});
}

void RedisBulletin::on_tick(core::Deadline now)
{
    if (now < look_at_ || !link_.is_up())
        return;
    look_at_ = now + kLookEvery;
    look();
}

void RedisBulletin::look()
{
    link_.post({"HGETALL", kBulletinKey}, [this](const Answer& answer) { on_notes(answer); });
    look_for_flush();
}

// Our own mark: nobody else takes it away.
void RedisBulletin::look_for_flush()
{
    link_.post({"EXISTS", seen_key_}, [this](const Answer& answer) {
        if (!answer)
            return;
        const bool was_seen = std::exchange(was_seen_, true);
        if (was_seen && answer->integer == 0)
            on_flushed_();
    });
    link_.post({"SET", seen_key_, "1", "EX", "3600"});
}

void RedisBulletin::on_notes(const Answer& answer)
{
    if (!answer)
        return;
    Bulletin::Notes untold = bulletin_.current();
    const auto old = core::wall_now() - kKeepOld;
    for (std::size_t i = 0; i + 1 < answer->items.size(); i += 2) {
        const std::string& subject = answer->items[i].text;
        const auto note = unpack(answer->items[i + 1].text);
        if (!note)
            continue;
        bulletin_.merge(subject, *note);
        if (note->until < old)
            link_.post({"HDEL", kBulletinKey, subject});
        if (const auto ours = untold.find(subject);
            ours != untold.end() && ours->second.rank <= note->rank)
            untold.erase(ours);
    }
    std::size_t told = 0;
    for (const auto& [subject, note] : untold)
        if (++told <= kTellAtOnce)
            tell(subject, note);
}

} // namespace turngate::state
