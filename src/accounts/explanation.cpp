#include "turngate/accounts/scheduler.hpp"

#include <algorithm>
#include <cstdio>

namespace turngate::accounts {
namespace {

constexpr std::size_t kNamed = 4; // of those left out; the others are counted

std::string_view name(Layer layer) noexcept
{
    switch (layer) {
    case Layer::pinned:
        return "pinned";
    case Layer::sticky:
        return "sticky";
    case Layer::balanced:
        return "balanced";
    }
    return "";
}

std::string text_of(const Score& score)
{
    char text[160];
    const int n =
        std::snprintf(text,
                      sizeof text,
                      " score %.2f (priority %.2f load %.2f queue %.2f errors %.2f ttft %.2f"
                      " quota %.2f)",
                      score.total,
                      score.priority,
                      score.load,
                      score.queue,
                      score.errors,
                      score.ttft,
                      score.quota);
    return {text, std::min<std::size_t>(n, sizeof text - 1)};
}

std::string taken_text(const Choice& choice, const Account* taken)
{
    const auto found = std::ranges::find(
        choice.order, taken, [](const Candidate& one) { return one.account.get(); });
    if (!taken || found == choice.order.end())
        return "none";
    const auto place = std::to_string(found - choice.order.begin() + 1);
    return taken->config.name + text_of(found->score) + ", choice " + place + " of " +
           std::to_string(choice.order.size());
}

std::string left_out_text(const Choice& choice)
{
    std::string text;
    const auto add = [&](std::string_view what, std::string_view why) {
        text.append(text.empty() ? "; out: " : ", ").append(what).append(" ").append(why);
    };
    const auto n = std::min(choice.left_out.size(), kNamed);
    for (const LeftOut& one : std::span(choice.left_out).first(n))
        add(one.account, name(one.why));
    if (choice.left_out.size() > n)
        add(std::to_string(choice.left_out.size() - n), "more");
    const auto no_model = choice.counts[static_cast<std::size_t>(Standing::no_model)];
    if (no_model > 0)
        add(std::to_string(no_model), name(Standing::no_model));
    return text;
}

} // namespace

std::string Choice::explain(const Account* taken) const
{
    std::string text(name(layer));
    if (is_last_resort)
        text += " last_resort";
    text += ": " + taken_text(*this, taken);
    if (released != Standing::fits)
        text.append("; released: ").append(name(released));
    return text + left_out_text(*this);
}

} // namespace turngate::accounts
