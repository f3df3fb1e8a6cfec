#include "turngate/protocol/edit.hpp"

#include "json_text.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace turngate::protocol {
namespace {

std::size_t skip_space_back(std::string_view frame, std::size_t end)
{
    while (end > 0 && is_json_space(frame[end - 1]))
        --end;
    return end;
}

bool is_neighbour(std::string_view frame, const FieldSpan& left, const FieldSpan& right)
{
    const std::size_t comma = skip_space(frame, left.value_end);
    return skip_space(frame, comma + 1) == right.key_begin;
}

// A run of neighbours goes with the comma behind it; at the object's end there is none, so with the
// one before it.
Edit remove_run(std::string_view frame, std::size_t begin, std::size_t end)
{
    const std::size_t next = skip_space(frame, end);
    if (next < frame.size() && frame[next] == ',')
        return {begin, next + 1, {}};
    const std::size_t before = skip_space_back(frame, begin);
    if (before > 0 && frame[before - 1] == ',')
        return {before - 1, end, {}};
    return {begin, end, {}};
}

Edit insert_behind_brace(std::size_t brace, std::string_view key, std::string_view value)
{
    return {brace + 1, brace + 1, quote(key) + ":" + std::string(value)};
}

bool is_insertion(const Edit& edit)
{
    return edit.begin == edit.end;
}

// Whether another field follows the insertion in what comes of the edits: one that is inserted,
// too, or one that stays.
bool is_followed(std::string_view frame, Edits::const_iterator edit, Edits::const_iterator last)
{
    std::size_t at = skip_space(frame, edit->end);
    while (++edit != last && edit->begin <= at) {
        if (is_insertion(*edit))
            return true;
        at = skip_space(frame, edit->end);
    }
    return frame[at] != '}';
}

void append_escaped(std::string& text, char c)
{
    static constexpr char kDigits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        text += "\\\"";
        return;
    case '\\':
        text += "\\\\";
        return;
    case '\n':
        text += "\\n";
        return;
    case '\r':
        text += "\\r";
        return;
    case '\t':
        text += "\\t";
        return;
    default:
        break;
    }
    if (static_cast<unsigned char>(c) >= 0x20) {
        text.push_back(c);
        return;
    }
    text += "\\u00";
    text.push_back(kDigits[c >> 4]);
    text.push_back(kDigits[c & 0x0f]);
}

} // namespace

std::string apply(std::string_view frame, const Edits& edits)
{
    std::string edited;
    edited.reserve(frame.size() + 256);
    std::size_t at = 0;
    for (auto edit = edits.begin(); edit != edits.end(); ++edit) {
        edited.append(frame.substr(at, edit->begin - at));
        edited.append(edit->text);
        if (is_insertion(*edit) && is_followed(frame, edit, edits.end()))
            edited.push_back(',');
        at = edit->end;
    }
    edited.append(frame.substr(at));
    return edited;
}

void add(Edits& edits, Edit edit)
{
    const auto place = [](const Edit& e) { return std::tuple(e.begin, e.end); };
    edits.insert(std::ranges::upper_bound(edits, place(edit), {}, place), std::move(edit));
}

Edit replace_with_string(const FieldSpan& field, std::string_view value)
{
    return {field.value_begin, field.value_end, quote(value)};
}

Edit insert_string(std::string_view frame, std::string_view key, std::string_view value)
{
    return insert_raw(frame, key, quote(value));
}

Edit insert_raw(std::string_view frame, std::string_view key, std::string_view value)
{
    return insert_behind_brace(skip_space(frame, 0), key, value);
}

Edit insert_raw_into(const FieldSpan& object, std::string_view key, std::string_view value)
{
    return insert_behind_brace(object.value_begin, key, value);
}

Edits remove_all(std::string_view frame, std::vector<FieldSpan> fields)
{
    std::erase_if(fields, [](const FieldSpan& field) { return !field; });
    std::ranges::sort(fields, {}, &FieldSpan::key_begin);
    Edits edits;
    for (std::size_t i = 0; i < fields.size();) {
        const std::size_t first = i++;
        while (i < fields.size() && is_neighbour(frame, fields[i - 1], fields[i]))
            ++i;
        edits.push_back(remove_run(frame, fields[first].key_begin, fields[i - 1].value_end));
    }
    return edits;
}

std::string quote(std::string_view text)
{
    if (!core::is_utf8(text))
        return quote(core::clean_utf8(text, std::numeric_limits<std::size_t>::max()));
    std::string quoted;
    quoted.reserve(text.size() + 2);
    quoted.push_back('"');
    for (const char c : text)
        append_escaped(quoted, c);
    quoted.push_back('"');
    return quoted;
}

} // namespace turngate::protocol
