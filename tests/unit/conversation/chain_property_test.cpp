#include "turngate/conversation/answer_items.hpp"
#include "turngate/conversation/chain.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

// Random conversations against a model that keeps everything and judges a context as a whole:
// several accounts, forks, tools, steering, compaction, clients that bring reasoning from anywhere.
namespace turngate::conversation {
namespace {

enum class Kind { plain, call, output, reasoning, compaction, order, failed, reference };

struct ModelItem
{
    Kind kind = Kind::plain;
    std::string text = {}; // as it is sent again
    std::string call_id = {};
    std::string account = {};   // that sealed it, or ran its response
    std::string answer_of = {}; // the response that it came back in; empty: it was an input
};

using Context = std::vector<ModelItem>;

struct ModelResponse
{
    Context context;
    std::string account;
    bool is_whole = true;
};

bool is_beginning(const Context& input)
{
    return std::ranges::find(input, Kind::compaction, &ModelItem::kind) != input.end();
}

// Calls are answered after they were made, once each, or may be hidden in what was compacted; what
// stays open came last.
bool is_paired(const Context& context, const std::string& last_response)
{
    std::vector<const ModelItem*> open;
    bool may_be_hidden = false;
    bool ends_with_answer = true;
    for (const ModelItem& item : context) {
        may_be_hidden |= item.kind == Kind::compaction && item.answer_of.empty();
        if (item.kind != Kind::order)
            ends_with_answer = item.answer_of == last_response;
        if (item.kind == Kind::call)
            open.push_back(&item);
        if (item.kind != Kind::output)
            continue;
        const auto call = std::ranges::find(open, item.call_id, &ModelItem::call_id);
        if (call != open.end())
            open.erase(call);
        else if (!may_be_hidden)
            return false;
    }
    return std::ranges::all_of(open, [&](const ModelItem* call) {
        return ends_with_answer && call->answer_of == last_response;
    });
}

std::string sent_to(const std::string& account, const Context& context, Sealed sealed)
{
    std::string text = "[";
    for (const ModelItem& item : context) {
        const bool is_own = item.account == account;
        if (item.kind == Kind::reference || (item.kind == Kind::compaction && !is_own))
            return "-";
        if (item.kind != Kind::reasoning || (is_own && sealed == Sealed::own))
            text += item.text + ',';
    }
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
            for (int i = 0; i < 3; ++i)
                check_rebuilding();
            check_resending();
        }
    }

    int compared() const { return compared_; }
    int shortened() const { return shortened_; }

private:
    int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    std::string any_account() { return std::string(1, "aaabbc"[below(6)]); }
    std::string name_of(int turn) const { return "r" + std::to_string(turn); }

    void take_turn()
    {
        const std::string id = name_of(turn_);
        const std::string parent = pick_parent();
        const auto before = model_.find(parent);
        ModelResponse response;
        response.is_whole = parent.empty();
        if (before != model_.end())
            response = before->second;
        response.account = any_account();
        Context input = make_input(response.context, response.account);
        if (is_beginning(input))
            response = {{}, response.account, true};
        const Context answer = make_answer(id, response.account);
        const std::vector<std::string> outputs = received(answer);
        if (under_test_.chain.knows(parent))
            superseded_.insert(parent);
        under_test_.add(id, parent, raw(input), outputs, response.account);
        under_test_.seals.note(under_test_.reader, outputs, response.account);
        std::erase_if(input, [](const ModelItem& item) { return item.kind == Kind::order; });
        append(response.context, input);
        append(response.context, as_context(answer));
        check_open_calls(id, response);
        model_[id] = std::move(response);
    }

    void check_rebuilding()
    {
        const std::string id = name_of(below(turn_ + 1));
        const std::string account = any_account();
        const Sealed sealed = below(6) == 0 ? Sealed::none : Sealed::own;
        ModelResponse response = model_[id];
        const std::string& known_to = under_test_.chain.knows(id) ? response.account : account;
        const Context next = make_input(response.context, known_to);
        if (is_beginning(next))
            response = {{}, response.account, true};
        append(response.context, next);
        const bool may_go = response.is_whole && is_paired(response.context, id);
        const std::string expected = may_go ? sent_to(account, response.context, sealed) : "-";
        const std::string rebuilt =
            under_test_.chain.rebuild(id, raw(next), account, sealed).value_or("-");
        // A response may be forgotten, but never in part.
        if (rebuilt == "-" && !is_remembered(id) && !is_beginning(next))
            return;
        EXPECT_EQ(rebuilt, expected) << id << " for " << account;
        compared_ += expected != "-";
    }

    // A client sends all of it again, or nearly all of it, and something new.
    void check_resending()
    {
        const std::string id = name_of(turn_ - (below(2) == 0 ? 0 : below(turn_ + 1)));
        Context resent = model_[id].context;
        const bool is_changed = !resent.empty() && below(2) == 0;
        if (is_changed) {
            const auto at = resent.begin() + below(static_cast<int>(resent.size()));
            if (below(2) == 0)
                resent.erase(at);
            else
                resent.insert(at, {.text = user("inserted")});
        }
        for (ModelItem& item : resent)
            item.text = as_sent(item);
        const std::string next = user("next" + id);
        resent.push_back({.text = next});
        const bool is_last = is_remembered(id) && !superseded_.contains(id);
        const std::string expected = is_last && !is_changed ? "[" + next + "]" : "-";
        EXPECT_EQ(under_test_.chain.rest_of(raw(resent), id, "m").value_or("-"), expected) << id;
        EXPECT_FALSE(under_test_.chain.rest_of(raw(resent), id, "another"));
        shortened_ += expected != "-";
    }

    bool is_remembered(const std::string& id) const
    {
        return std::ranges::any_of(std::string_view("abc"), [&](char account) {
            return under_test_.chain.is_complete(id, {&account, 1});
        });
    }

    static std::vector<std::string> open_calls(const Context& context)
    {
        std::vector<std::string> open;
        for (const ModelItem& item : context) {
            if (item.kind == Kind::call)
                open.push_back(item.call_id);
            if (item.kind == Kind::output)
                std::erase(open, item.call_id);
        }
        return open;
    }

    void check_open_calls(const std::string& id, const ModelResponse& response)
    {
        if (is_remembered(id)) {
            EXPECT_EQ(under_test_.chain.pending_calls(id), open_calls(response.context));
        }
    }

    std::string pick_parent()
    {
        if (turn_ == 0 || below(12) == 0)
            return {};
        if (below(25) == 0)
            return "unknown";
        const int back = below(3) == 0 ? below(turn_) : 0; // a fork, or on with it
        return name_of(turn_ - 1 - back);
    }

    // account: whose the reasoning is that nobody knows of.
    Context make_input(const Context& before, const std::string& account)
    {
        Context input;
        if (below(8) == 0)
            return {{.text = steered("s" + std::to_string(below(1'000)))}};
        if (below(10) != 0)
            answer_calls(before, input);
        if (below(12) == 0)
            input.push_back(sealed(Kind::compaction));
        for (int n = below(3); n > 0; --n)
            input.push_back({.text = user("u" + std::to_string(below(1'000)))});
        if (below(8) == 0)
            input.push_back(sealed(Kind::reasoning));
        if (below(12) == 0)
            input.push_back(
                {.kind = Kind::reasoning, .text = reasoning(new_content()), .account = account});
        if (below(60) == 0)
            input.push_back(
                {.kind = Kind::reference, .text = R"({"type":"item_reference","id":"x"})"});
        if (below(40) == 0)
            input.push_back({.kind = Kind::output, .text = output("nobody"), .call_id = "nobody"});
        if (below(15) == 0)
            input.push_back({.kind = Kind::order, .text = R"({"type":"compaction_trigger"})"});
        return input;
    }

    // Made by some account, which the seals know.
    ModelItem sealed(Kind kind)
    {
        const std::string content = new_content();
        ModelItem item{.kind = kind, .text = reasoning(content), .account = any_account()};
        if (kind == Kind::compaction)
            item.text = R"({"type":"compaction","encrypted_content":")" + content + "\"}";
        const std::vector<std::string> items{item.text};
        under_test_.seals.note(under_test_.reader, items, item.account);
        return item;
    }

    std::string new_content() { return "gAAA" + std::to_string(++contents_); }

    void answer_calls(const Context& before, Context& input)
    {
        std::vector<std::string> open = open_calls(before);
        std::ranges::shuffle(open, random_);
        if (!open.empty() && below(6) == 0)
            open.pop_back();
        for (const std::string& id : open)
            input.push_back({.kind = Kind::output, .text = output(id), .call_id = id});
    }

    Context make_answer(const std::string& id, const std::string& account)
    {
        Context answer;
        if (below(2) == 0)
            answer.push_back({.kind = Kind::reasoning, .text = reasoning(new_content())});
        if (below(12) == 0)
            answer.push_back(
                {.kind = Kind::failed,
                 .text = R"({"type":"image_generation_call","id":"ig_1","status":"failed"})"});
        if (below(40) == 0)
            answer.push_back(
                {.kind = Kind::compaction,
                 .text = R"({"type":"compaction","encrypted_content":")" + new_content() + "\"}"});
        if (below(2) == 0)
            answer.push_back({.text = said("s" + id)});
        for (int n = below(4) == 0 ? 1 + below(3) : 0; n > 0; --n) {
            const std::string call_id = id + "_" + std::to_string(n);
            answer.push_back({.kind = Kind::call, .text = call(call_id), .call_id = call_id});
        }
        for (ModelItem& item : answer) {
            item.account = account;
            item.answer_of = id;
        }
        return answer;
    }

    // As a relay gets it: in any order, some only at the end, where all stand again.
    std::vector<std::string> received(const Context& answer)
    {
        AnswerItems items(1 << 20);
        const bool is_listed = below(2) == 0;
        std::vector<std::uint32_t> order(answer.size());
        for (std::uint32_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::ranges::shuffle(order, random_);
        for (const std::uint32_t i : order)
            if (!is_listed || below(3) != 0)
                items.add(i, as_sent(answer[i]));
        std::string list = "[";
        for (const ModelItem& item : answer)
            list += as_sent(item) + ',';
        list.back() = ']';
        items.conclude(under_test_.reader, is_listed && !answer.empty() ? list : "");
        EXPECT_TRUE(items.is_whole());
        return {items.items().begin(), items.items().end()};
    }

    // With what the server writes into an item, or without.
    std::string as_sent(const ModelItem& item)
    {
        return item.kind != Kind::failed && below(2) == 0 ? with_marks(item.text) : item.text;
    }

    // What is of use later: a failed call goes with the reasoning that led to it.
    static Context as_context(const Context& answer)
    {
        Context context;
        const auto drop_reasoning = [&] {
            while (!context.empty() && context.back().kind == Kind::reasoning)
                context.pop_back();
        };
        for (const ModelItem& item : answer) {
            if (item.kind == Kind::failed)
                drop_reasoning();
            else
                context.push_back(item);
        }
        drop_reasoning();
        return context;
    }

    static void append(Context& context, const Context& more)
    {
        context.insert(context.end(), more.begin(), more.end());
    }

    // A string, as a steer may have it, becomes a message.
    static std::string steered(std::string_view text)
    {
        return std::string(kBeforeText) + std::string(text) + std::string(kAfterText);
    }

    static std::string raw(const Context& input)
    {
        if (input.size() == 1 && input[0].text.starts_with(kBeforeText)) {
            std::string_view text = input[0].text;
            text.remove_prefix(kBeforeText.size() - 1);
            text.remove_suffix(kAfterText.size() - 1);
            return std::string(text);
        }
        std::string text = "[";
        for (const ModelItem& item : input)
            text += item.text + ',';
        if (text.back() == ',')
            text.pop_back();
        return text + ']';
    }

    static constexpr std::string_view kBeforeText =
        R"({"type":"message","role":"user","content":[{"type":"input_text","text":")";
    static constexpr std::string_view kAfterText = "\"}]}";

    std::mt19937 random_;
    ChainUnderTest under_test_;
    std::map<std::string, ModelResponse> model_;
    std::set<std::string> superseded_;
    int turn_ = 0;
    int contents_ = 0;
    int compared_ = 0;
    int shortened_ = 0;
};

TEST(ChainProperty, RebuildsWhatAModelRebuilds)
{
    for (unsigned seed = 0; seed < 40; ++seed) {
        SCOPED_TRACE(seed);
        World world(seed, 1 << 30);
        world.run(60);
        EXPECT_GT(world.compared(), 0);
        EXPECT_GT(world.shortened(), 0);
    }
}

TEST(ChainProperty, NeverShortensAContextWhenMemoryIsShort)
{
    for (unsigned seed = 100; seed < 140; ++seed) {
        SCOPED_TRACE(seed);
        World world(seed, 10'000);
        world.run(60);
    }
}

} // namespace
} // namespace turngate::conversation
