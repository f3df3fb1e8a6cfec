#include "turngate/conversation/chain.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

// Random conversations against a model that keeps everything and judges a context as a whole.
namespace turngate::conversation {
namespace {

struct ModelItem
{
    enum class Kind { plain, call, output, reasoning, compaction, reference } kind = Kind::plain;
    std::string text = {}; // as it is sent again
    std::string call_id = {};
    std::string account = {};
    std::string answer_of = {}; // the response that it came back in; empty: it was an input
};

struct ModelResponse
{
    std::vector<ModelItem> context;
    std::string account;
    bool is_whole = true;
};

using Context = std::vector<ModelItem>;

// Calls are answered after they were made, once each; what stays open came last.
bool is_paired(const Context& context, const std::string& last_response)
{
    std::vector<const ModelItem*> open;
    for (const ModelItem& item : context) {
        if (item.kind == ModelItem::Kind::call)
            open.push_back(&item);
        if (item.kind != ModelItem::Kind::output)
            continue;
        const auto call = std::ranges::find(open, item.call_id, &ModelItem::call_id);
        if (call == open.end())
            return false;
        open.erase(call);
    }
    const bool ends_with_answer = context.empty() || context.back().answer_of == last_response;
    return std::ranges::all_of(open, [&](const ModelItem* call) {
        return ends_with_answer && call->answer_of == last_response;
    });
}

std::string sent_to(const std::string& account, const Context& context, const std::string& last)
{
    std::string text = "[";
    for (const ModelItem& item : context) {
        const bool is_own = item.account == account;
        if (item.kind == ModelItem::Kind::reference)
            return "-";
        if (item.kind == ModelItem::Kind::compaction && !is_own)
            return "-";
        if (item.kind != ModelItem::Kind::reasoning || is_own)
            text += item.text + ',';
    }
    if (!is_paired(context, last))
        return "-";
    if (text.back() == ',')
        text.pop_back();
    return text + ']';
}

class World
{
public:
    World(unsigned seed, std::uint64_t max_bytes) : random_(seed), under_test_(max_bytes) {}

    void run(int turns)
    {
        for (turn_ = 0; turn_ < turns; ++turn_) {
            take_turn();
            check_rebuilding();
        }
    }

    int compared() const { return compared_; }

private:
    int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

    void take_turn()
    {
        const std::string id = "r" + std::to_string(turn_);
        const std::string parent = pick_parent();
        ModelResponse response;
        if (model_.contains(parent))
            response = model_[parent];
        else
            response.is_whole = parent.empty();
        response.account = below(5) == 0 ? "b" : "a";
        const Context input = make_input(response.context, response.account);
        const Context answer = make_answer(id, response.account);
        std::vector<std::string> outputs;
        for (const ModelItem& item : answer)
            outputs.push_back(below(2) ? with_marks(item.text) : item.text);
        under_test_.add(id, parent, raw(input), outputs, response.account);
        append(response.context, input);
        append(response.context, without_trailing_reasoning(answer));
        check_open_calls(id, response);
        model_[id] = std::move(response);
    }

    void check_rebuilding()
    {
        const std::string id = "r" + std::to_string(below(turn_ + 1));
        const std::string account = below(3) == 0 ? "b" : "a";
        const ModelResponse& response = model_[id];
        Context context = response.context;
        const Context next = make_input(context, response.account);
        append(context, next);
        const std::string expected = response.is_whole ? sent_to(account, context, id) : "-";
        const std::string rebuilt = under_test_.rebuild(id, raw(next), account);
        // A response may be forgotten, but never in part.
        if (rebuilt == "-" && !is_remembered(id))
            return;
        EXPECT_EQ(rebuilt, expected) << id << " for " << account;
        compared_ += expected != "-";
    }

    bool is_remembered(const std::string& id) const
    {
        return under_test_.chain.is_complete(id, "a") || under_test_.chain.is_complete(id, "b");
    }

    void check_open_calls(const std::string& id, const ModelResponse& response)
    {
        if (!is_remembered(id))
            return;
        std::vector<std::string> open;
        for (const ModelItem& item : response.context) {
            if (item.kind == ModelItem::Kind::call)
                open.push_back(item.call_id);
            if (item.kind == ModelItem::Kind::output)
                std::erase(open, item.call_id);
        }
        EXPECT_EQ(under_test_.chain.pending_calls(id), open);
    }

    std::string pick_parent()
    {
        if (turn_ == 0 || below(12) == 0)
            return {};
        if (below(25) == 0)
            return "unknown";
        const int back = below(3) == 0 ? below(turn_) : 0; // a fork, or on with it
        return "r" + std::to_string(turn_ - 1 - back);
    }

    Context make_input(const Context& before, const std::string& account)
    {
        Context input;
        if (below(10) != 0)
            answer_calls(before, input);
        for (int n = below(3); n > 0; --n)
            input.push_back({.text = user("u" + std::to_string(below(1000)))});
        if (below(12) == 0)
            input.push_back({.kind = ModelItem::Kind::reasoning, .text = reasoning("I")});
        if (below(60) == 0)
            input.push_back({.kind = ModelItem::Kind::reference,
                             .text = R"({"type":"item_reference","id":"x"})"});
        if (below(60) == 0)
            input.push_back(
                {.kind = ModelItem::Kind::output, .text = output("nobody"), .call_id = "nobody"});
        for (ModelItem& item : input)
            item.account = account;
        return input;
    }

    void answer_calls(const Context& before, Context& input)
    {
        std::vector<std::string> open;
        for (const ModelItem& item : before) {
            if (item.kind == ModelItem::Kind::call)
                open.push_back(item.call_id);
            if (item.kind == ModelItem::Kind::output)
                std::erase(open, item.call_id);
        }
        std::ranges::shuffle(open, random_);
        if (!open.empty() && below(6) == 0)
            open.pop_back();
        for (const std::string& id : open)
            input.push_back({.kind = ModelItem::Kind::output, .text = output(id), .call_id = id});
    }

    Context make_answer(const std::string& id, const std::string& account)
    {
        Context answer;
        if (below(2) == 0)
            answer.push_back({.kind = ModelItem::Kind::reasoning, .text = reasoning(id)});
        if (below(40) == 0)
            answer.push_back({.kind = ModelItem::Kind::compaction,
                              .text = R"({"type":"compaction","encrypted_content":"x"})"});
        if (below(2) == 0)
            answer.push_back({.text = said("s" + id)});
        for (int n = below(4) == 0 ? 1 + below(3) : 0; n > 0; --n) {
            const std::string call_id = id + "_" + std::to_string(n);
            answer.push_back(
                {.kind = ModelItem::Kind::call, .text = call(call_id), .call_id = call_id});
        }
        for (ModelItem& item : answer) {
            item.account = account;
            item.answer_of = id;
        }
        return answer;
    }

    static Context without_trailing_reasoning(Context answer)
    {
        while (!answer.empty() && answer.back().kind == ModelItem::Kind::reasoning)
            answer.pop_back();
        return answer;
    }

    static void append(Context& context, const Context& more)
    {
        context.insert(context.end(), more.begin(), more.end());
    }

    static std::string raw(const Context& context)
    {
        std::string text = "[";
        for (const ModelItem& item : context)
            text += item.text + ',';
        if (text.back() == ',')
            text.pop_back();
        return text + ']';
    }

    std::mt19937 random_;
    ChainUnderTest under_test_;
    std::map<std::string, ModelResponse> model_;
    int turn_ = 0;
    int compared_ = 0;
};

TEST(ChainProperty, RebuildsWhatAModelRebuilds)
{
    for (unsigned seed = 0; seed < 30; ++seed) {
        SCOPED_TRACE(seed);
        World world(seed, 1 << 30);
        world.run(60);
        EXPECT_GT(world.compared(), 0);
    }
}

TEST(ChainProperty, NeverShortensAContextWhenMemoryIsShort)
{
    for (unsigned seed = 100; seed < 130; ++seed) {
        SCOPED_TRACE(seed);
        World world(seed, 8'000);
        world.run(60);
    }
}

} // namespace
} // namespace turngate::conversation
