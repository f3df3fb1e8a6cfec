#pragma once

#include "turngate/conversation/chain.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::conversation {

// A chain with budgets of its own, and turns in few words.
struct ChainUnderTest
{
    explicit ChainUnderTest(std::uint64_t max = 1 << 20) : ChainUnderTest(max, 1 << 30) {}
    ChainUnderTest(std::uint64_t max, std::uint64_t process_max)
        : budget(process_max), chain(budget, seals, reader, max)
    {
    }

    void add(std::string_view id,
             std::string_view parent,
             std::string_view input,
             std::vector<std::string> outputs = {},
             std::string_view account = "a")
    {
        chain.add({id, parent, input, outputs, account, "m"});
    }

    // "-" when there is nothing.
    std::string rebuild(std::string_view id,
                        std::string_view new_input = "[]",
                        std::string_view account = "a") const
    {
        return chain.rebuild(id, new_input, account).value_or("-");
    }

    ChainBudget budget;
    Seals seals;
    protocol::ItemReader reader;
    Chain chain;
};

inline std::string user(std::string_view text)
{
    return R"({"type":"message","role":"user","content":")" + std::string(text) + "\"}";
}

inline std::string said(std::string_view text) // as it is sent again
{
    return R"({"type":"message","role":"assistant","content":")" + std::string(text) + "\"}";
}

inline std::string with_marks(std::string_view item) // as the server sends it
{
    return R"({"id":"x_1",)" + std::string(item.substr(1, item.size() - 2)) +
           R"(,"status":"completed"})";
}

inline std::string call(std::string_view id, std::string_view type = "function_call")
{
    return R"({"type":")" + std::string(type) + R"(","name":"f","call_id":")" + std::string(id) +
           "\"}";
}

inline std::string output(std::string_view id, std::string_view type = "function_call")
{
    return R"({"type":")" + std::string(type) + R"(_output","call_id":")" + std::string(id) +
           R"(","output":"o"})";
}

inline std::string reasoning(std::string_view encrypted)
{
    return R"({"type":"reasoning","summary":[],"encrypted_content":")" + std::string(encrypted) +
           "\"}";
}

template <class... Items>
std::string array(const Items&... items)
{
    std::string text = "[";
    ((text += items, text += ','), ...);
    if (text.back() == ',')
        text.pop_back();
    return text + "]";
}

} // namespace turngate::conversation
