#include "turngate/conversation/seals.hpp"

#include "seal_text.hpp"
#include "turngate/conversation/chain_item.hpp"
#include "turngate/conversation/sealed_context.hpp"

#include "turngate/core/id.hpp"

#include <algorithm>

namespace turngate::conversation {
namespace {

// Some write `/` and `+` with escapes, and the client sends it on without.
std::uint64_t digest_of(protocol::ItemReader& reader, std::string_view body)
{
    if (body.find('\\') == body.npos)
        return core::sha256(body).prefix();
    const auto read = reader.read_item("{\"id\":\"" + std::string(body) + "\"}");
    return core::sha256(read ? std::string_view(read->id) : body).prefix();
}

// Of all seals in the text, until it says so.
template <class Stop>
void for_each_seal(protocol::ItemReader& reader, std::string_view text, Stop&& stop)
{
    for (std::string_view body = next_seal(text); !body.empty(); body = next_seal(text))
        if (stop(digest_of(reader, body)))
            return;
}

bool is_sealed_reasoning(const ItemVerdict& verdict)
{
    return verdict.fate == ItemFate::personal;
}

std::optional<std::vector<protocol::Item>> read_sealed(protocol::ItemReader& reader,
                                                       std::string_view raw_input)
{
    if (!raw_input.starts_with('[') || raw_input.find("encrypted_content") == raw_input.npos)
        return std::nullopt; // most inputs: not worth parsing
    return reader.read_items(raw_input);
}

template <class IsLeftOut>
std::optional<std::string> without(const std::vector<protocol::Item>& items,
                                   IsLeftOut&& is_left_out)
{
    std::string list = "[";
    bool is_changed = false;
    for (const protocol::Item& item : items) {
        const ItemVerdict verdict = judge(item);
        if (is_sealed_reasoning(verdict) && is_left_out(item))
            is_changed = true;
        else if (verdict.fate != ItemFate::left_out)
            append_item(list, item, verdict);
    }
    if (!is_changed)
        return std::nullopt;
    if (list.back() == ',')
        list.pop_back();
    return list + ']';
}

} // namespace

void Seals::note(protocol::ItemReader& reader,
                 std::span<const std::string> items,
                 std::string_view account)
{
    for (const std::string& item : items)
        for_each_seal(reader, item, [&](std::uint64_t digest) {
            keep(digest, *accounts_.emplace(account).first);
            return false;
        });
}

const std::string* Seals::sealed_by(protocol::ItemReader& reader, std::string_view item) const
{
    const std::string* account = nullptr;
    for_each_seal(reader, item, [&](std::uint64_t digest) {
        account = find(digest);
        return account != nullptr;
    });
    return account;
}

std::optional<std::string> Seals::without_foreign(protocol::ItemReader& reader,
                                                  std::string_view raw_input,
                                                  std::string_view account) const
{
    const auto items = read_sealed(reader, raw_input);
    if (!items || sealed_by_.empty())
        return std::nullopt;
    return without(*items, [&](const protocol::Item& item) {
        const std::string* const maker = sealed_by(reader, item.text);
        return maker && *maker != account;
    });
}

std::optional<std::string> Seals::without_any(protocol::ItemReader& reader,
                                              std::string_view raw_input)
{
    const auto items = read_sealed(reader, raw_input);
    if (!items)
        return std::nullopt;
    return without(*items, [](const protocol::Item&) { return true; });
}

std::optional<std::string> Seals::bound_to(protocol::ItemReader& reader,
                                           std::string_view raw_input) const
{
    const auto items = read_sealed(reader, raw_input);
    if (!items)
        return std::nullopt;
    for (const protocol::Item& item : *items) {
        const ItemFate fate = judge(item).fate;
        if (fate != ItemFate::bound && fate != ItemFate::beginning)
            continue;
        if (const std::string* const account = sealed_by(reader, item.text))
            return *account;
    }
    return std::nullopt;
}

std::optional<SealedContext> sealed_context(protocol::ItemReader& reader,
                                            std::string_view raw_items)
{
    const auto items = read_sealed(reader, raw_items);
    if (!items)
        return std::nullopt;
    std::optional<SealedContext> last;
    for (const protocol::Item& item : *items) {
        std::string_view text = item.text;
        const std::string_view body =
            judge(item).fate == ItemFate::beginning ? next_seal(text) : std::string_view();
        if (!body.empty())
            last = SealedContext{"seal_" + std::to_string(digest_of(reader, body)),
                                 std::string(item.text)};
    }
    return last;
}

const std::string* Seals::find(std::uint64_t digest) const noexcept
{
    const auto found = sealed_by_.find(digest);
    return found == sealed_by_.end() ? nullptr : found->second;
}

void Seals::keep(std::uint64_t digest, const std::string& account)
{
    const auto [found, is_new] = sealed_by_.try_emplace(digest, &account);
    found->second = &account;
    if (!is_new)
        return;
    oldest_first_.push_back(digest);
    if (oldest_first_.size() <= kMost)
        return;
    sealed_by_.erase(oldest_first_.front());
    oldest_first_.pop_front();
}

} // namespace turngate::conversation
