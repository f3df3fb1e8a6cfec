#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string_view>

namespace turngate::gateway {

enum class ControlKind : std::uint8_t { steer, interrupt, inject };

// Control events that went up and have no answer yet. An upstream that refuses one says so in an
// error event that names neither the event nor, mostly, a lane; it ends no response.
class Asked
{
public:
    void add(ControlKind kind) { kinds_.push_back(kind); }
    bool any() const noexcept { return !kinds_.empty(); }
    bool is_full() const noexcept { return kinds_.size() >= 64; }

    // An answer to one of that kind has come.
    void answered(ControlKind kind);
    // One was refused: the oldest, since answers come in order.
    std::optional<ControlKind> refused();

private:
    std::list<ControlKind> kinds_;
};

// What an upstream event answers, by its type; nothing: no control event.
std::optional<ControlKind> answered_by(std::string_view event) noexcept;

} // namespace turngate::gateway
