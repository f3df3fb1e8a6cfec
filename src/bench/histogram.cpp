#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace turngate::bench {
namespace {

constexpr unsigned kPrecisionBits = 6; // 64 buckets for each power of two
constexpr std::uint64_t kLinear = 1u << kPrecisionBits;
constexpr std::size_t kBuckets = (64 - kPrecisionBits) * kLinear;

// Values below 64 have a bucket each; above, the bits after the leading one choose it.
std::size_t bucket_of(std::uint64_t value) noexcept
{
    if (value < kLinear)
        return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kPrecisionBits - 1;
    return (shift + 1) * kLinear + ((value >> shift) - kLinear);
}

std::uint64_t middle_of(std::size_t bucket) noexcept
{
    if (bucket < kLinear)
        return bucket;
    const auto shift = bucket / kLinear - 1;
    const std::uint64_t begin = (bucket % kLinear + kLinear) << shift;
    return begin + ((std::uint64_t{1} << shift) >> 1);
}

} // namespace

Histogram::Histogram() : buckets_(kBuckets) {}

void Histogram::record(std::chrono::nanoseconds duration) noexcept
{
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
    ++buckets_[bucket_of(value)];
    ++count_;
}

void Histogram::merge(const Histogram& other) noexcept
{
    for (std::size_t i = 0; i < buckets_.size(); ++i)
        buckets_[i] += other.buckets_[i];
    count_ += other.count_;
}

std::chrono::nanoseconds Histogram::percentile(double part) const noexcept
{
    const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen > 0 && seen >= wanted)
            return std::chrono::nanoseconds(middle_of(i));
    }
    return {};
}

} // namespace turngate::bench
