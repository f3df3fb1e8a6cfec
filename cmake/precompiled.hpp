#pragma once

// What nearly every file includes and nobody here writes: parsed once for each target instead of once for each
// file, which is most of a build's time. Files still include what they use; the plain build (TURNGATE_PCH=OFF)
// proves it.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <boost/system/result.hpp>

#ifdef BOOST_ASIO_SEPARATE_COMPILATION // the target uses Asio (cmake/Dependencies.cmake)
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#endif

#ifdef TURNGATE_UNIT_TEST
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#endif
