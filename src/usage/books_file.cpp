// A line is "<CRC-32C in hex> <JSON>"; the first is kHead. Later lines win over those before them.
#include "turngate/usage/known_books.hpp"

#include "posix_file.hpp"
#include "turngate/core/bytes.hpp"
#include "turngate/telemetry/log.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace turngate::usage {
namespace {

using Json = nlohmann::json;

constexpr const char* kHead = "turngate-books 1";
constexpr std::uint64_t kSlack = 1 << 20;
constexpr std::size_t kBillsInALine = 512;
constexpr std::size_t kChecksum = 8;

Json maybe(std::optional<core::NanoUsd> amount)
{
    return amount ? Json(amount->value) : Json();
}
Json maybe(std::optional<core::Timestamp> at)
{
    return at ? Json(at->time_since_epoch().count()) : Json();
}

void take(const Json& json, std::optional<core::NanoUsd>& amount)
{
    if (!json.is_null())
        amount = core::NanoUsd{json.get<std::int64_t>()};
}
void take(const Json& json, std::optional<core::Timestamp>& at)
{
    if (!json.is_null())
        at = core::Timestamp(std::chrono::microseconds(json.get<std::int64_t>()));
}

Json json_of(const UserBalance& row)
{
    return {{"user", row.user},
            {"credit", maybe(row.credit)},
            {"spent", row.spent.value},
            {"revision", row.revision}};
}

Json json_of(const KeyBalance& row)
{
    return {{"key", row.key},
            {"quota", maybe(row.quota)},
            {"used", row.used.value},
            {"revision", row.revision}};
}

Json json_of(const StoredKey& row)
{
    return {{"stored_key", row.name},
            {"sha256", row.digest.hex()},
            {"user", row.user},
            {"group", row.group},
            {"quota", maybe(row.quota)},
            {"rpm", row.rpm},
            {"tpm", row.tpm},
            {"expires", maybe(row.expires)},
            {"revoked", maybe(row.revoked)},
            {"created", row.created.time_since_epoch().count()}};
}

void append_line(std::string& to, const Json& json)
{
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    char checksum[kChecksum + 1];
    std::snprintf(checksum, sizeof checksum, "%08x", static_cast<unsigned>(core::crc32c(text)));
    to.append(checksum).append(" ").append(text).append("\n");
}

template <class Rows>
void append_lines(std::string& to, const Rows& rows)
{
    for (const auto& row : rows)
        append_line(to, json_of(row));
}

void append_named(std::string& to, const auto& rows)
{
    for (const auto& [name, row] : rows)
        append_line(to, json_of(row));
}

void append_bills(std::string& to, const std::vector<std::string>& bills)
{
    for (std::size_t at = 0; at < bills.size(); at += kBillsInALine) {
        const std::size_t end = std::min(at + kBillsInALine, bills.size());
        append_line(to, {{"bills", std::vector(bills.begin() + at, bills.begin() + end)}});
    }
}

std::optional<Json> json_in(const std::string& line)
{
    if (line.size() <= kChecksum)
        return std::nullopt;
    const std::string text = line.substr(kChecksum + 1);
    char checksum[kChecksum + 1];
    std::snprintf(checksum, sizeof checksum, "%08x", static_cast<unsigned>(core::crc32c(text)));
    if (line.substr(0, kChecksum) != checksum)
        return std::nullopt;
    return Json::parse(text);
}

core::Digest digest_of(const std::string& hex)
{
    core::Digest digest;
    if (const auto bytes = core::from_hex(hex); bytes && bytes->size() == digest.bytes.size())
        std::ranges::copy(*bytes, reinterpret_cast<char*>(digest.bytes.data()));
    return digest;
}

StoredKey stored_key_of(const Json& json)
{
    StoredKey key;
    key.name = json.at("stored_key").get<std::string>();
    key.digest = digest_of(json.at("sha256").get<std::string>());
    key.user = json.at("user").get<std::string>();
    key.group = json.at("group").get<std::string>();
    take(json.at("quota"), key.quota);
    key.rpm = json.at("rpm").get<std::int64_t>();
    key.tpm = json.at("tpm").get<std::int64_t>();
    take(json.at("expires"), key.expires);
    take(json.at("revoked"), key.revoked);
    std::optional<core::Timestamp> created;
    take(json.at("created"), created);
    key.created = created.value_or(core::Timestamp());
    return key;
}

void take_line(const Json& json, BooksFile::Earlier& earlier)
{
    if (json.contains("bills")) {
        for (const Json& uid : json.at("bills"))
            earlier.bills.insert(uid.get<std::string>());
    } else if (json.contains("stored_key")) {
        StoredKey key = stored_key_of(json);
        earlier.books.stored_keys.insert_or_assign(key.name, std::move(key));
    } else if (json.contains("key")) {
        KeyBalance row;
        row.key = json.at("key").get<std::string>();
        take(json.at("quota"), row.quota);
        row.used.value = json.at("used").get<std::int64_t>();
        row.revision = json.at("revision").get<std::int64_t>();
        earlier.books.keys.insert_or_assign(row.key, std::move(row));
    } else if (json.contains("user")) {
        UserBalance row;
        row.user = json.at("user").get<std::string>();
        take(json.at("credit"), row.credit);
        row.spent.value = json.at("spent").get<std::int64_t>();
        row.revision = json.at("revision").get<std::int64_t>();
        earlier.books.users.insert_or_assign(row.user, std::move(row));
    }
}

} // namespace

struct BooksFile::Parts
{
    bool is_in_place() const;
    void append(const std::string& lines);
    void write_anew(const KnownBooks& all, const std::vector<std::string>& bills);

    std::string path;
    Fd fd;                     // to append to; nothing before the first writing
    std::uint64_t written = 0; // since it was written anew, and then
    std::uint64_t whole = 0;
};

BooksFile::BooksFile(std::string path) : parts_(std::make_unique<Parts>())
{
    parts_->path = std::move(path);
}

BooksFile::~BooksFile() = default;

std::optional<BooksFile::Earlier> BooksFile::read() const
{
    std::ifstream file(parts_->path);
    std::string line;
    if (!std::getline(file, line) || line != kHead)
        return std::nullopt;
    Earlier earlier;
    std::size_t damaged = 0;
    while (std::getline(file, line)) {
        try {
            const auto json = json_in(line);
            json ? take_line(*json, earlier) : void(++damaged);
        } catch (const std::exception&) {
            ++damaged;
        }
    }
    if (damaged > 0)
        telemetry::log_warn("lines of what was known of users and keys are damaged",
                            {{"path", parts_->path}, {"lines", damaged}});
    return earlier;
}

void BooksFile::write(const Changes& news,
                      const std::vector<std::string>& bills,
                      const KnownBooks& all)
{
    std::string lines;
    append_lines(lines, news.users);
    append_lines(lines, news.keys);
    append_lines(lines, news.stored_keys);
    append_bills(lines, bills);
    const bool is_long = parts_->written + lines.size() > 2 * parts_->whole + kSlack;
    if (is_long || !parts_->is_in_place())
        parts_->write_anew(all, bills);
    else
        parts_->append(lines);
}

void BooksFile::begin_anew() noexcept
{
    parts_->fd = Fd();
}

// It may have been deleted, with its directory.
bool BooksFile::Parts::is_in_place() const
{
    struct ::stat own{};
    struct ::stat there{};
    return fd.get() >= 0 && ::fstat(fd.get(), &own) == 0 && ::stat(path.c_str(), &there) == 0 &&
           own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

// What fails in the middle must not stand before the next line: then all is written anew.
void BooksFile::Parts::append(const std::string& lines)
{
    if (!write_all(fd, lines)) {
        fd = Fd();
        throw_errno(path, "cannot write");
    }
    written += lines.size();
}

void BooksFile::Parts::write_anew(const KnownBooks& all, const std::vector<std::string>& bills)
{
    std::string text = std::string(kHead) + "\n";
    append_named(text, all.users);
    append_named(text, all.keys);
    append_named(text, all.stored_keys);
    append_bills(text, bills);
    const std::string fresh = path + ".new";
    std::error_code ignored;
    std::filesystem::remove(fresh, ignored);
    fd = open_file(fresh, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
    const bool is_written = ::fchmod(fd.get(), 0600) == 0 && write_all(fd, text) &&
                            ::fdatasync(fd.get()) == 0 &&
                            std::rename(fresh.c_str(), path.c_str()) == 0;
    if (!is_written) {
        fd = Fd();
        throw_errno(path, "cannot replace");
    }
    written = whole = text.size();
}

} // namespace turngate::usage
