#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace turngate::net {

namespace asio = boost::asio;

// The concrete executor, not any_io_executor: no virtual call and no reference count on each
// resumption.
using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_task{};

} // namespace turngate::net
