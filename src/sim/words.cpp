#include "words.hpp"

#include "json_text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace turngate::sim {
namespace {

constexpr std::size_t kStock = 64 * 1024;

std::string make_word(Random& random)
{
    constexpr std::string_view kConsonants = "bdfgklmnprstvz";
    constexpr std::string_view kVowels = "aeiou";
    std::string word;
    const std::uint64_t syllables = 1 + random.below(4);
    for (std::uint64_t i = 0; i < syllables; ++i) {
        word.push_back(kConsonants[random.below(kConsonants.size())]);
        word.push_back(kVowels[random.below(kVowels.size())]);
    }
    return word;
}

} // namespace

Words::Words(std::uint64_t seed) : random_(seed)
{
    while (stock_.size() < kStock)
        stock_.append(make_word(random_)).push_back(' ');
}

std::string Words::fill(std::string opening, std::size_t bytes)
{
    opening.resize(cut_point(opening, bytes));
    opening.reserve(bytes);
    if (opening.size() < bytes)
        opening.push_back(' ');
    while (opening.size() < bytes) {
        const std::size_t from = random_.below(stock_.size());
        opening.append(stock_, from, std::min(bytes - opening.size(), stock_.size() - from));
    }
    return opening;
}

} // namespace turngate::sim
