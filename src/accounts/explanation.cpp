#include "turngate/accounts/scheduler.hpp"

#include <algorithm>
#include <cstdio>

namespace turngate::accounts {
namespace {

std::string_view name(Layer layer) noexcept
{
    switch (layer) {
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
    const Candidate* found = choice.order.find(taken);
    if (!taken || !found)
        return "none";
    std::size_t place = 0;
    while (choice.order.at(place++) != found) {
    }
    return taken->config.name + text_of(found->score) + ", choice " + std::to_string(place) +
           " of " + std::to_string(choice.order.size());
}

std::string left_out_text(const Choice& choice)
{
    std::string text = choice.left_out;
    const auto no_model = choice.counts[static_cast<std::size_t>(Fitness::no_model)];
    if (no_model > 0)
        text.append(text.empty() ? "" : ", ").append(std::to_string(no_model)).append(" no_model");
    return text.empty() ? text : "; out: " + text;
}

} // namespace

std::string Choice::explain(const Account* taken) const
{
    std::string text(name(layer));
    if (is_last_resort)
        text += " last_resort";
    text += ": " + taken_text(*this, taken);
    if (released != Fitness::fits)
        text.append("; released: ").append(name(released));
    return text + left_out_text(*this);
}

} // namespace turngate::accounts
