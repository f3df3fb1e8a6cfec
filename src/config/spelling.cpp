#include "spelling.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace turngate::config {
namespace {

constexpr std::size_t kMaxDistance = 2;

// Levenshtein, one row at a time.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

} // namespace

std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> known)
{
    std::optional<std::string_view> best;
    // "x" is two edits from every three-letter key: such a hint would only mislead.
    std::size_t least = std::min(kMaxDistance + 1, word.size());
    for (const std::string_view candidate : known) {
        const std::size_t d = distance(word, candidate);
        if (d < least) {
            least = d;
            best = candidate;
        }
    }
    return best;
}

} // namespace turngate::config
