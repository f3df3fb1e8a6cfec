#pragma once

#include "turngate/net/loop.hpp"
#include "turngate/state/slots.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace turngate::state {

// Where several gateways count their running turns together. Interface: the process ends here.
class SlotLedger
{
public:
    struct Ask
    {
        std::string name;
        unsigned limit = 0;
        unsigned count = 0;
        std::optional<std::chrono::milliseconds>
            waited; // of who is first here; none: he won't wait
    };

    virtual ~SlotLedger() = default;

    // At most `count` permits, fewer if others have them or have waited longer. When the ledger is
    // away, all: then the gateway's own limit is what counts. On the loop's thread.
    virtual net::Task<std::vector<Permit>> take(net::Loop& loop, Ask ask) = 0;

    // From any thread.
    virtual void give_back(const std::string& name, Permit permit) = 0;

    // Nobody waits here any more for what was asked. On the loop's thread.
    virtual void leave(net::Loop& loop, const std::string& name) = 0;

    virtual void spawn(net::Loop& loop, const char* name, net::Task<> task) = 0;
};

} // namespace turngate::state
