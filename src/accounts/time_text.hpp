#pragma once

#include "turngate/core/clock.hpp"

#include <chrono>
#include <optional>
#include <string_view>

// Times as upstreams write them. Lenient: what is understood is used, all else is nothing.
namespace turngate::accounts {

using Span = std::chrono::milliseconds;

// A plain number, with or without a fraction; not negative, no exponent.
std::optional<double> read_number(std::string_view text) noexcept;

// So many times `unit`.
std::optional<Span> read_number_of(std::string_view text, Span unit) noexcept;

// From now until a point in time: seconds or milliseconds since 1970, RFC 3339, or any of the three
// forms of an HTTP date (RFC 9110 section 5.6.7). Nothing left of it when it is past.
std::optional<Span> read_until(std::string_view text, core::Timestamp now) noexcept;

// 20ms, 7s, 6m0.5s; or a plain number of seconds.
std::optional<Span> read_span(std::string_view text) noexcept;

// The span after "try again in": 20s, 6m0.5s, 250ms, 3 days 4 hours.
std::optional<Span> read_try_again(std::string_view message) noexcept;

} // namespace turngate::accounts
