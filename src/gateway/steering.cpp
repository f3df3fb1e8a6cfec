#include "steering.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

// The items of a raw `input`, without the brackets around them.
std::string items_of(std::string_view input)
{
    if (input.empty())
        return {};
    if (input.starts_with('['))
        return std::string(input.substr(1, input.size() - 2));
    return R"({"type":"message","role":"user","content":)" + std::string(input) + "}";
}

} // namespace

bool Steering::is_full() const noexcept
{
    constexpr std::size_t kMost = 16;
    constexpr std::size_t kMostBytes = 1 << 20;
    std::size_t bytes = 0;
    for (const Submission& submission : submissions_)
        bytes += submission.input.size();
    return submissions_.size() >= kMost || bytes >= kMostBytes;
}

void Steering::submit(std::string_view input, std::string_view target)
{
    submissions_.push_back({std::string(input), std::string(target), {}});
}

// Answers without an id are of the oldest that has none: the upstream answers in order.
std::list<Steering::Submission>::iterator Steering::find(std::string_view id)
{
    const auto with = [&](std::string_view wanted) {
        return std::find_if(submissions_.begin(), submissions_.end(), [&](const auto& submission) {
            return submission.id == wanted;
        });
    };
    const auto known = with(id);
    return known != submissions_.end() ? known : with("");
}

void Steering::on_answer(const protocol::SteerEvent& answer)
{
    using protocol::SteerStep;
    const auto found = find(answer.id);
    if (found == submissions_.end())
        return;
    switch (answer.which) {
    case SteerStep::accepted:
        found->id = answer.id;
        break;
    case SteerStep::pending:
        queued_ = join_inputs(queued_, found->input);
        submissions_.erase(found);
        break;
    case SteerStep::failed:
        submissions_.erase(found);
        break;
    }
}

std::string Steering::begin_successor()
{
    std::string input = "[]";
    std::erase_if(submissions_, [&](const Submission& submission) {
        if (submission.id.empty())
            return false;
        input = join_inputs(input, submission.input);
        return true;
    });
    return input;
}

std::string join_inputs(std::string_view first, std::string_view second)
{
    std::string items = items_of(first);
    const std::string more = items_of(second);
    if (!items.empty() && !more.empty())
        items += ',';
    return "[" + items + more + "]";
}

} // namespace turngate::gateway
