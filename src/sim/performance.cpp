#include "performance.hpp"

#include "json_text.hpp"
#include "verbatim.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace turngate::sim {
namespace {

using Kind = Move::Kind;

std::string_view call_type(const Item& item)
{
    return item.kind == Item::Kind::verbatim ? item.type : wording(item.kind).item_type;
}

std::string joined(const std::map<unsigned, std::string>& items)
{
    std::string all;
    for (const auto& [index, json] : items) {
        if (!all.empty())
            all.push_back(',');
        all.append(json);
    }
    return all;
}

} // namespace

Performance::Performance(Head head,
                         Start start,
                         std::vector<Item> items,
                         ActPtr act,
                         const Pacing& pacing,
                         core::Deadline now)
    : composer_(std::move(head)), start_(std::move(start)), items_(std::move(items)),
      act_(std::move(act)), moves_(compose_score(items_, act_.get(), pacing)), due_(now)
{
    if (!moves_.empty())
        due_ += moves_.front().delay;
}

core::Deadline Performance::due() const noexcept
{
    return hangs_ || waits_ || is_over() ? core::Deadline::max() : due_;
}

Move Performance::take()
{
    const Move move = moves_[at_++];
    if (!is_over())
        due_ += moves_[at_].delay;
    return move;
}

std::string_view Performance::compose(const Move& move)
{
    if (move.kind == Kind::created)
        return composer_.response("response.created", {});
    if (move.kind == Kind::in_progress)
        return composer_.response("response.in_progress", {});
    if (move.kind == Kind::rate_limits)
        return composer_.event("codex.rate_limits", act_->rate_limits);
    if (move.kind == Kind::metadata)
        return composer_.event("response.metadata",
                               R"(,"headers":{"x-codex-turn-state":)" +
                                   in_quotes(act_->turn_state) + "}");
    if (move.kind == Kind::terminal || move.kind == Kind::terminal_again)
        return compose_terminal();
    if (move.kind == Kind::scripted)
        return scripted_ = fill_in(act_->events[move.item].text, head().id, head().lane);

    const Item& item = items_[move.item];
    const Wording& words = wording(item.kind);
    switch (move.kind) {
    case Kind::item_added:
        open_item_ = move.item;
        said_ = 0;
        return composer_.item_event(
            "response.output_item.added", item, move.item, "in_progress", {});
    case Kind::part_added:
        return composer_.part(words.part_added, item, move.item, {});
    case Kind::delta:
        said_ = move.from + move.size;
        [[fallthrough]];
    case Kind::late_delta:
        return composer_.delta(
            item, move.item, std::string_view(item.text).substr(move.from, move.size));
    case Kind::said:
        return composer_.said(item, move.item, said_of(move.item));
    case Kind::part_done:
        return composer_.part(words.part_done, item, move.item, said_of(move.item));
    case Kind::searching:
        return composer_.search_step(item, move.item, move.from);
    case Kind::item_done:
        finish_item(item, move.item);
        return composer_.item_event(
            "response.output_item.done", item, move.item, "completed", said_of(move.item));
    case Kind::silent:
        said_ = item.text.size();
        finish_item(item, move.item);
        return {};
    default:
        return {};
    }
}

std::string_view Performance::said_of(unsigned index) const
{
    return std::string_view(items_[index].text).substr(0, said_);
}

void Performance::finish_item(const Item& item, unsigned index)
{
    const std::string_view said = said_of(index);
    append_json(output_[index], item, "completed", said);
    if (item.is_call())
        open_calls_.push_back({item.call_id, std::string(call_type(item)), item.name});
    const std::size_t bytes = item.is_spoken() ? said.size() : item.text.size();
    const std::int64_t tokens =
        item.tokens.value_or(tokens_of(bytes + item.encrypted_content.size()));
    output_tokens_ += tokens;
    if (item.kind == Item::Kind::reasoning)
        reasoning_tokens_ += tokens;
    if (item.kind == Item::Kind::web_search)
        ++web_searches_;
    open_item_.reset();
}

std::string_view Performance::compose_terminal()
{
    Snapshot snapshot;
    snapshot.status = status();
    const std::string output = act_ && act_->empties_output ? std::string() : joined(output_);
    snapshot.output = output;
    snapshot.web_searches = web_searches_;
    std::string usage = act_ && act_->usage ? *act_->usage : counted_usage();
    std::string details;
    if (snapshot.status == "failed") {
        details = R"({"code":)" + in_quotes(act_->failed->code) + R"(,"message":)" +
                  in_quotes(act_->failed->message) + "}";
        snapshot.error = details;
        usage = act_->failed->usage.empty() ? "null" : act_->failed->usage;
    } else if (snapshot.status == "incomplete") {
        details =
            R"({"reason":)" + in_quotes(ended_by_.empty() ? act_->incomplete : ended_by_) + "}";
        snapshot.incomplete_details = details;
    }
    snapshot.usage = usage;
    const bool is_usual = !act_ || act_->terminal.empty() || act_->terminal == "none";
    return composer_.response(
        is_usual ? "response." + std::string(snapshot.status) : act_->terminal, snapshot);
}

std::string_view Performance::status() const noexcept
{
    if (!ended_by_.empty())
        return "incomplete";
    if (act_ && act_->failed)
        return "failed";
    return act_ && !act_->incomplete.empty() ? "incomplete" : "completed";
}

std::string Performance::counted_usage() const
{
    std::string json;
    append_json(json, usage());
    return json;
}

Usage Performance::usage() const noexcept
{
    const std::int64_t before = start_.parent ? start_.parent->tokens : 0;
    Usage usage;
    usage.input = before + start_.create.input.tokens() + injected_tokens_;
    usage.cached = start_.kind == ParentKind::memory ? before : 0;
    usage.output = output_tokens_;
    usage.reasoning = reasoning_tokens_;
    return usage;
}

Record Performance::record() const
{
    return {std::string(object()), start_.create.input.json};
}

ContextPtr Performance::context() const
{
    auto context = std::make_shared<Context>();
    context->id = head().id;
    context->tokens = usage().total();
    context->open_calls = open_calls_;
    context->tools = start_.create.tools;
    if (!context->tools && start_.parent)
        context->tools = start_.parent->tools;
    return context;
}

void Performance::end_with(std::vector<Move> moves, core::Deadline now)
{
    moves.push_back({Kind::terminal});
    moves_ = std::move(moves);
    at_ = 0;
    due_ = now;
    hangs_ = false;
    waits_ = false;
}

void Performance::steer(core::Deadline now)
{
    const auto rest = std::span(moves_).subspan(at_);
    const bool has_calls =
        std::any_of(items_.begin(), items_.end(), [](const Item& item) { return item.is_call(); });
    const bool has_more =
        std::any_of(rest.begin(), rest.end(), [](const Move& m) { return m.kind == Kind::delta; });
    if (has_calls || !has_more)
        return;
    ended_by_ = "steered";
    end_with(open_item_ ? closing_of(items_[*open_item_], *open_item_) : std::vector<Move>(), now);
}

std::optional<unsigned> Performance::interrupt(core::Deadline now)
{
    ended_by_ = "interrupted";
    if (open_item_) // it is discarded, but was made and is counted
        output_tokens_ += tokens_of(said_);
    end_with({}, now);
    return std::exchange(open_item_, std::nullopt);
}

bool Performance::inject(const Input& input, core::Deadline now)
{
    std::vector<Call> open = open_calls_;
    if (!waits_ || settle_calls(open, input.calls))
        return false;
    open_calls_.clear();
    injected_tokens_ += input.tokens();
    waits_ = false;
    due_ = now;
    return true;
}

} // namespace turngate::sim
