#include "admin_resources.hpp"

namespace turngate::app {

std::vector<admin::Resource> admin_resources()
{
    return {
        // {"/api/v1/keys", answer_keys},
    };
}

} // namespace turngate::app
