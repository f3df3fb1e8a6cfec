#include "turngate/protocol/item.hpp"

#include "cursor.hpp"
#include "json_text.hpp"
#include "tokenizer.hpp"

#include <array>
#include <utility>

namespace turngate::protocol {
namespace {

enum class Key : std::uint8_t {
    type,
    id,
    call_id,
    approval_request_id,
    role,
    encrypted_content,
    status,
};
constexpr std::array<std::string_view, 7> kKeys{
    "type", "id", "call_id", "approval_request_id", "role", "encrypted_content", "status"};

std::optional<Key> key_of(std::string_view body)
{
    for (std::size_t i = 0; i < kKeys.size(); ++i)
        if (spells(body, kKeys[i]))
            return static_cast<Key>(i);
    return std::nullopt;
}

std::string text_of(std::string_view value)
{
    if (!value.starts_with('"'))
        return {};
    return unescape(value.substr(1, value.size() - 2));
}

// Takes the item that stands at the cursor.
class ItemScan
{
public:
    ItemScan(std::string_view frame, Cursor& cursor)
        : frame_(frame), cursor_(cursor), begin_(cursor.offset())
    {
    }

    std::optional<Item> scan()
    {
        if (!cursor_.each_field([this](std::string_view key) { return scan_field(key); }))
            return std::nullopt;
        item_.text = frame_.substr(begin_, cursor_.end_of_taken() - begin_);
        return std::move(item_);
    }

private:
    bool scan_field(std::string_view body)
    {
        const auto value = cursor_.take_value();
        const auto key = key_of(body);
        if (!value || !key)
            return value.has_value();
        keep(*key, place(body, *value), *value);
        return !std::exchange(seen_[static_cast<std::size_t>(*key)], true);
    }

    void keep(Key key, const FieldSpan& at, std::string_view value)
    {
        switch (key) {
        case Key::type:
            item_.type = text_of(value);
            return;
        case Key::id:
            item_.id = text_of(value);
            item_.at.id = at;
            return;
        case Key::call_id:
            item_.call_id = text_of(value);
            return;
        case Key::approval_request_id:
            item_.approval_request_id = text_of(value);
            return;
        case Key::role:
            item_.has_role = true;
            return;
        case Key::encrypted_content:
            item_.has_encrypted_content = value.starts_with('"') && value.size() > 2;
            return;
        case Key::status:
            item_.at.status = at;
            return;
        }
    }

    FieldSpan place(std::string_view key, std::string_view value) const
    {
        const char* const item = frame_.data() + begin_;
        const auto offset = [&](const char* at) { return static_cast<std::uint32_t>(at - item); };
        return {offset(key.data() - 1), offset(value.data()), offset(value.data() + value.size())};
    }

    std::string_view frame_;
    Cursor& cursor_;
    std::size_t begin_;
    Item item_;
    std::array<bool, kKeys.size()> seen_{};
};

std::optional<Item> scan_item(std::string_view frame, Cursor& cursor)
{
    return ItemScan(frame, cursor).scan();
}

std::optional<std::vector<Item>> scan_items(std::string_view frame, Cursor& cursor)
{
    std::vector<Item> items;
    const bool is_sound = cursor.each_item([&] {
        auto item = scan_item(frame, cursor);
        if (item)
            items.push_back(std::move(*item));
        return item.has_value();
    });
    return is_sound ? std::optional(std::move(items)) : std::nullopt;
}

} // namespace

struct ItemReader::Parser
{
    Tokenizer tokenizer;

    // scan takes all of value, or says that it cannot.
    template <class Scan>
    auto read(std::string_view value, Scan&& scan) -> decltype(scan(std::declval<Cursor&>()))
    {
        const auto starts = tokenizer.cut(value);
        if (starts.empty())
            return std::nullopt;
        Cursor cursor(value, starts);
        auto found = scan(cursor);
        const bool is_whole = found && cursor.is_at_end();
        tokenizer.shrink();
        return is_whole ? std::move(found) : std::nullopt;
    }
};

ItemReader::ItemReader() : parser_(std::make_unique<Parser>()) {}
ItemReader::~ItemReader() = default;

std::optional<std::vector<Item>> ItemReader::read_items(std::string_view array)
{
    return parser_->read(array, [&](Cursor& cursor) { return scan_items(array, cursor); });
}

std::optional<Item> ItemReader::read_item(std::string_view object)
{
    return parser_->read(object, [&](Cursor& cursor) { return scan_item(object, cursor); });
}

} // namespace turngate::protocol
