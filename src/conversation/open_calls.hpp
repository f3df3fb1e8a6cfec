#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {

// A tool call, or an offer, that nobody has answered yet.
struct OpenCall
{
    std::string id; // never empty
    bool must_be_answered = true;
    bool is_fresh = false; // made by this very response: nothing has followed it yet
};

// Calls as they are made and answered. Ids may repeat: an answer is of the oldest that is open. Ids
// come from clients, so they stand in a tree: no choice of them makes it slow.
class OpenCalls
{
public:
    void open(OpenCall call);
    bool answer(std::string_view id); // false: nobody asked
    std::vector<OpenCall> take();     // that are still open, oldest first

private:
    std::vector<OpenCall> calls_;                               // an answered one has lost its id
    std::multimap<std::string, std::size_t, std::less<>> open_; // equal ones oldest first
};

} // namespace turngate::conversation
