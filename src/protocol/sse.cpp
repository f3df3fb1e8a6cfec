#include "turngate/protocol/sse.hpp"

#include <algorithm>
#include <utility>

namespace turngate::protocol {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";
constexpr std::string_view kDone = "[DONE]";
constexpr std::string_view kData = "data";

} // namespace

bool SseReader::feed(std::string_view bytes, std::vector<std::string_view>& events)
{
    const bool has_cr = bytes.find('\r') != bytes.npos; // hardly anybody writes them
    std::size_t at = 0;
    for (std::size_t newline = bytes.find('\n'); at < bytes.size();) {
        if (std::exchange(after_cr_, false) && newline == at) {
            newline = bytes.find('\n', ++at);
            continue;
        }
        const std::string_view before = bytes.substr(at, std::min(newline, bytes.size()) - at);
        const std::size_t length =
            has_cr ? std::min(before.find('\r'), before.size()) : before.size();
        if (at + length == bytes.size())
            break;
        after_cr_ = bytes[at + length] == '\r';
        std::string_view line = before.substr(0, length);
        at += length + 1;
        if (!after_cr_)
            newline = bytes.find('\n', at);
        const bool is_joined = !line_.empty();
        if (is_joined)
            line = line_.append(line);
        if (std::exchange(is_first_, false) && line.starts_with(kMark))
            line.remove_prefix(kMark.size());
        if (line.empty())
            dispatch(events);
        else
            take_line(line);
        if (is_joined) {
            keep(); // it may be a view of the line
            line_.clear();
        }
        if (own_data_.size() > max_event_)
            return false;
    }
    line_.append(bytes.substr(at));
    keep();
    return line_.size() + own_data_.size() <= max_event_;
}

void SseReader::take_line(std::string_view line)
{
    if (!line.starts_with(kData))
        return;
    line.remove_prefix(kData.size());
    if (line.empty())
        return add_data(line);
    if (line.front() != ':')
        return;
    line.remove_prefix(line.starts_with(": ") ? 2 : 1);
    add_data(line);
}

void SseReader::add_data(std::string_view value)
{
    if (!std::exchange(has_data_, true)) {
        data_ = value;
        return;
    }
    keep();
    own_data_.append("\n").append(value);
}

// What was fed does not live on.
void SseReader::keep()
{
    if (has_data_ && !std::exchange(is_owned_, true))
        own_data_ = data_;
}

void SseReader::dispatch(std::vector<std::string_view>& events)
{
    const bool has_data = std::exchange(has_data_, false);
    std::string_view data = data_;
    if (std::exchange(is_owned_, false))
        data = given_.emplace_back(std::exchange(own_data_, {}));
    if (has_data && !data.empty() && data != kDone)
        events.push_back(data);
}

} // namespace turngate::protocol
