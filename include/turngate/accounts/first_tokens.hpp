#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace turngate::accounts {

// How long an account's first token takes: a moving average over all models, and one for each of
// the models used of late. When two loops report the first token of two new models in the same
// moment, one of them may be forgotten; nothing else is lost.
class FirstTokens
{
public:
    static constexpr std::size_t kModels = 16;

    void add(std::string_view upstream_model, std::chrono::milliseconds took) noexcept;

    // Milliseconds; of the model if it is known, else of the account; nothing if neither is.
    std::optional<double> average(std::string_view upstream_model) const noexcept;

private:
    std::atomic<std::uint64_t>& place_of(std::uint32_t model) noexcept;

    std::atomic<std::uint64_t> account_{0};
    std::array<std::atomic<std::uint64_t>, kModels> models_{}; // hash of the name, average
};

} // namespace turngate::accounts
