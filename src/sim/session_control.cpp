#include "session.hpp"

#include "json_text.hpp"

#include <utility>

// Control events: they concern a response that runs, and overtake all creates that wait
// (protocol.md 2.2-2.4, 6, 10.5).
namespace turngate::sim {
namespace {

bool can_be_steered(const Create& create)
{
    return create.model.starts_with("gpt-6") && !create.conversation && !create.compacts;
}

std::string steer_json(std::string_view id, const Steer& steer, bool with_input)
{
    std::string out = "{";
    if (!id.empty())
        out.append(R"("id":)").append(in_quotes(id)).push_back(',');
    if (with_input)
        out.append(R"("input":)").append(steer.input_json).push_back(',');
    out.append(R"("previous_response_id":)").append(in_quotes(steer.target)).push_back('}');
    return out;
}

std::string failed_event(std::string_view type,
                         std::string_view code,
                         std::string_view rest,
                         std::string_view lane)
{
    std::string out = R"({"type":")";
    out.append(type).append(R"(","error":{"type":"invalid_request_error","code":)");
    append_quoted(out, code);
    out.append(R"(,"message":)");
    append_quoted(out, "The request was not taken: " + std::string(code) + ".");
    out.append("}").append(rest);
    if (!lane.empty())
        out.append(R"(,"stream_id":)").append(in_quotes(lane));
    out.push_back('}');
    return out;
}

std::string stubs_of(const std::vector<Call>& calls)
{
    std::string out = "[";
    for (const Call& call : calls) {
        if (out.size() > 1)
            out.push_back(',');
        out.append(R"({"type":)").append(in_quotes(call.output_type()));
        out.append(R"(,"call_id":)").append(in_quotes(call.id));
        if (call.type == "function_call")
            out.append(R"(,"name":)").append(in_quotes(call.name));
        out.push_back('}');
    }
    out.push_back(']');
    return out;
}

} // namespace

void Session::on_event(Steer steer, core::Deadline now)
{
    Running* running = find(steer.target);
    if (!running) {
        const char* code =
            was_here(steer.target) ? "response_already_completed" : "response_not_found";
        return steer_failed(steer, code, {});
    }
    Performance& performance = running->performance;
    const std::string& lane = performance.head().lane;
    if (!can_be_steered(performance.create()))
        return steer_failed(steer, "steering_not_supported", lane);
    if (!steer.is_valid)
        return steer_failed(steer, "invalid_input", lane);
    if (running->steers.size() >= kPendingSteers)
        return steer_failed(steer, "too_many_pending_steers", lane);

    std::string id = world_.ids.make("steer");
    line_.send(performance.event("response.steer.accepted",
                                 R"(,"steer":)" + steer_json(id, steer, false)));
    running->steers.emplace_back(std::move(id), std::move(steer));
    performance.steer(now);
}

void Session::steer_failed(const Steer& steer, std::string_view code, std::string_view lane)
{
    line_.send(failed_event(
        "response.steer.failed", code, R"(,"steer":)" + steer_json({}, steer, true), lane));
}

// The target has ended: its accepted input starts a successor by itself, or waits for the outputs
// it stopped for.
void Session::follow_steers(Running& running, bool has_failed)
{
    if (running.steers.empty())
        return;
    const Performance& performance = running.performance;
    if (has_failed) {
        for (const auto& [id, steer] : running.steers)
            line_.send(failed_event("response.steer.failed",
                                    "successor_creation_failed",
                                    R"(,"steer":)" + steer_json(id, steer, true),
                                    performance.head().lane));
        return;
    }
    if (performance.asks_for_outputs())
        return ask_for_outputs(running);
    Create successor = performance.create();
    successor.input = Input();
    for (auto steer = running.steers.rbegin(); steer != running.steers.rend(); ++steer)
        successor.input.prepend(std::move(steer->second.input));
    successor.conversation.reset();
    successor.parent = performance.head().id;
    lanes_.admit_first(std::move(successor));
}

void Session::ask_for_outputs(Running& running)
{
    Performance& performance = running.performance;
    const std::string stubs = stubs_of(performance.open_calls());
    WaitingSteers& waiting = waiting_steers_[performance.head().id];
    waiting.lane = performance.head().lane;
    for (const auto& [id, steer] : running.steers)
        line_.send(performance.event("response.steer.pending",
                                     R"(,"reason":"waiting_for_required_input","required_input":)" +
                                         stubs + R"(,"steer":)" + steer_json(id, steer, false)));
    for (auto steer = running.steers.rbegin(); steer != running.steers.rend(); ++steer)
        waiting.input.prepend(std::move(steer->second.input));
}

void Session::on_event(Interrupt interrupt, core::Deadline now)
{
    Running* running = find(interrupt.target);
    if (!running) {
        // It has just completed: that is the answer.
        if (!was_here(interrupt.target))
            refuse(response_not_found(interrupt.target), {});
        return;
    }
    Performance& performance = running->performance;
    const std::string id = R"(,"response_id":)" + in_quotes(interrupt.target);
    line_.send(performance.event("response.interrupt.accepted", id));
    if (const auto open = performance.interrupt(now)) {
        std::string fields =
            id + R"(,"item_id":)" + in_quotes(performance.item(*open).id) + R"(,"output_index":)";
        append_number(fields, *open);
        line_.send(performance.event("response.output_item.interrupted", fields));
    }
}

void Session::on_event(Inject inject, core::Deadline now)
{
    Running* running = find(inject.target);
    const std::string id = R"(,"response_id":)" + in_quotes(inject.target);
    if (!running) {
        const char* code =
            was_here(inject.target) ? "response_already_completed" : "response_not_found";
        return line_.send(failed_event(
            "response.inject.failed", code, id + R"(,"input":)" + inject.input_json, {}));
    }
    Performance& performance = running->performance;
    if (performance.inject(inject.input, now))
        line_.send(performance.event("response.inject.created", id));
    else
        line_.send(failed_event("response.inject.failed",
                                "invalid_input",
                                id + R"(,"input":)" + inject.input_json,
                                performance.head().lane));
}

} // namespace turngate::sim
