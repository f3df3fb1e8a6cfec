#pragma once

#include "turngate/core/id.hpp"
#include "turngate/net/task.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::state {

// Where a response lives (design.md section 1).
struct Binding
{
    std::string account{};
    std::string lane{};           // "": the default one
    std::uint64_t connection = 0; // the upstream connection's generation; unique in this process
    bool store = true; // as its create asked: another connection of the account can load it
    std::int64_t context_tokens = 0;       // input and output, known to the response's continuation
    std::optional<core::Digest> session{}; // its key; nothing: an older gateway bound it
    std::vector<std::string> pending_calls{}; // its tool calls that wait for their outputs
};

// Where a session's lane stands, for a client that comes back with its session key.
struct LaneBinding
{
    std::string account; // of its last turn: the one that has its context at hand
    std::string last_response;
    std::string turn_state; // raw JSON string body of the last response.metadata; mostly empty
};

// What the gateway must know of conversations beyond one session. Every entry is scoped by tenant:
// another tenant's response is as unknown as one that never was. Interface, because the process may
// end here. Binding is done after the client has its terminal event, and never fails a turn.
class StateStore
{
public:
    virtual ~StateStore() = default;

    virtual net::Task<std::optional<Binding>> find_response(std::string_view tenant,
                                                            std::string_view response_id) = 0;
    virtual net::Task<> bind_response(std::string_view tenant,
                                      std::string_view response_id,
                                      Binding binding) = 0;
    // As unknown from now on as one that never was.
    virtual net::Task<> forget_response(std::string_view tenant, std::string_view response_id) = 0;

    // session: whatever names a session and its lane within the tenant.
    virtual net::Task<std::optional<LaneBinding>> find_lane(std::string_view tenant,
                                                            std::string_view session) = 0;
    virtual net::Task<> bind_lane(std::string_view tenant,
                                  std::string_view session,
                                  LaneBinding binding) = 0;
};

struct MemoryStoreLimits
{
    std::size_t bytes = 256 << 20; // of all entries; beyond, the oldest go
};

// In this process only: sharded, O(1) expiry (responses live a day, lanes an hour), byte-bounded.
// Safe from all loops.
std::unique_ptr<StateStore> make_memory_store(MemoryStoreLimits limits = {});

} // namespace turngate::state
