#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// Reads server-sent events (WHATWG HTML section 9.2.6) as bytes come, cut anywhere: of each event
// its data. `event`, `id`, `retry` and comments are passed over; events without data, or with
// "[DONE]" instead of JSON, are none (http.md section 3.2).
class SseReader
{
public:
    explicit SseReader(std::size_t max_event) : max_event_(max_event) {}

    // Appends the data of each event that the bytes complete: a view into them where the event lies
    // in them whole, else into memory of the reader that lives until forget_given(). False: an
    // event is larger than it may be, and nothing more can be read.
    bool feed(std::string_view bytes, std::vector<std::string_view>& events);
    void forget_given() noexcept { given_.clear(); }

private:
    void take_line(std::string_view line);
    void add_data(std::string_view value);
    void dispatch(std::vector<std::string_view>& events);
    void keep();

    const std::size_t max_event_;
    std::string line_;      // begun in an earlier feed
    std::string_view data_; // of the event under way, while it is one line in what was fed …
    std::string own_data_;  // … else here
    std::deque<std::string> given_;
    bool has_data_ = false;
    bool is_owned_ = false;
    bool after_cr_ = false; // a line feed that comes next is the same line's end
    bool is_first_ = true;  // a byte order mark may come
};

} // namespace turngate::protocol
