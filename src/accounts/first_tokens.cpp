#include "turngate/accounts/first_tokens.hpp"

#include "float_pair.hpp"

#include <algorithm>
#include <functional>

namespace turngate::accounts {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr float kAlpha = 0.2F;
constexpr std::uint32_t kAccount = 1; // the label of the account's own average

// Never 0: a word of 0 is an empty place.
std::uint32_t hash_of(std::string_view model) noexcept
{
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(model)) | 1U;
}

// The first value is the average; a place that another model had begins anew.
void add_to(std::atomic<std::uint64_t>& place, std::uint32_t label, float value) noexcept
{
    auto word = place.load(kRelaxed);
    std::uint64_t next;
    do {
        const float old = high_of(word) == label ? low_float(word) : value;
        next = pack(label, old + kAlpha * (value - old));
    } while (next != word && !place.compare_exchange_weak(word, next, kRelaxed));
}

} // namespace

// The model's own, an empty one, or, when there are too many models, one that another has to leave.
std::atomic<std::uint64_t>& FirstTokens::place_of(std::uint32_t model) noexcept
{
    for (const std::uint32_t wanted : {model, 0U})
        for (auto& place : models_)
            if (high_of(place.load(kRelaxed)) == wanted)
                return place;
    return models_[(model >> 1) % kModels];
}

void FirstTokens::add(std::string_view upstream_model, std::chrono::milliseconds took) noexcept
{
    const auto value = static_cast<float>(std::max<std::int64_t>(took.count(), 0));
    add_to(account_, kAccount, value);
    if (upstream_model.empty())
        return;
    const auto model = hash_of(upstream_model);
    add_to(place_of(model), model, value);
}

std::optional<double> FirstTokens::average(std::string_view upstream_model) const noexcept
{
    const auto account = account_.load(kRelaxed);
    if (account == 0)
        return std::nullopt;
    const auto model = hash_of(upstream_model);
    for (const auto& place : models_) {
        const auto word = place.load(kRelaxed);
        if (high_of(word) == model)
            return low_float(word);
        if (word == 0)
            break; // they fill from the front
    }
    return low_float(account);
}

} // namespace turngate::accounts
