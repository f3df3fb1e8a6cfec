// Chains of anything. A line of input is one step: `>` begins a turn that goes on from the last
// one, `|` one that goes on from the one before it, `<` gives it an item that came back, `?`
// rebuilds with an input that is to follow. What is rebuilt is a JSON list of items without ids
// that the server made, and all memory is given back.
#include "turngate/conversation/chain.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace turngate;

namespace {

constexpr std::uint64_t kBudget = 4'096; // small enough to run out

void require(bool holds)
{
    if (!holds)
        std::abort();
}

// The reader goes to a depth of 512, and the list is one level around its items.
bool may_be_too_deep(std::string_view text)
{
    return std::ranges::count_if(text, [](char c) { return c == '[' || c == '{'; }) > 500;
}

std::string name_of(int turn)
{
    return turn < 0 ? std::string() : "r" + std::to_string(turn);
}

class Player
{
public:
    Player(conversation::ChainBudget& budget, protocol::ItemReader& reader)
        : budget_(budget), reader_(reader), chain_(budget, seals_, reader, kBudget)
    {
    }

    void play(std::string_view step)
    {
        if (step.empty())
            return;
        const std::string_view rest = step.substr(1);
        switch (step.front()) {
        case '>':
            return begin(rest, turn_);
        case '|':
            return begin(rest, turn_ - 1);
        case '<':
            outputs_.emplace_back(rest);
            return;
        case '?':
            end();
            return check(rest);
        default:
            return;
        }
    }

    void end()
    {
        if (!is_open_)
            return;
        chain_.add({name_of(++turn_), name_of(parent_), input_, outputs_, account_of(turn_)});
        seals_.note(reader_, outputs_, account_of(turn_));
        is_open_ = false;
        outputs_.clear();
        require(chain_.bytes() <= kBudget && chain_.bytes() == budget_.used());
    }

private:
    static std::string_view account_of(int turn) { return turn % 3 == 2 ? "b" : "a"; }

    void begin(std::string_view input, int parent)
    {
        end();
        is_open_ = true;
        input_ = input;
        parent_ = parent;
    }

    void check(std::string_view new_input)
    {
        for (const std::string_view account : {"a", "b", "c"}) {
            const std::string id = name_of(turn_);
            const auto context = chain_.rebuild(id, new_input, account);
            const bool may_begin = new_input.find("compaction") != new_input.npos;
            require(!context || may_begin || chain_.is_complete(id, account));
            if (!context)
                continue;
            const auto items = reader_.read_items(*context);
            require(items.has_value());
            for (const auto& item : *items)
                require(item.type != "message" || (!item.at.id && !item.at.status));
        }
    }

    conversation::ChainBudget& budget_;
    conversation::Seals seals_;
    protocol::ItemReader& reader_;
    conversation::Chain chain_;
    std::string input_;
    std::vector<std::string> outputs_;
    int turn_ = -1;
    int parent_ = -1;
    bool is_open_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static protocol::ItemReader reader;
    std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (may_be_too_deep(text))
        return 0;
    conversation::ChainBudget budget(kBudget);
    {
        Player player(budget, reader);
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            player.play(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        player.end();
    }
    require(budget.used() == 0);
    return 0;
}
