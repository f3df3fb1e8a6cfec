#include "session.hpp"

#include "answer.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace turngate::sim {
namespace {

Head make_head(const Start& start, const Act* act)
{
    const Create& create = start.create;
    Head head;
    head.lane = create.lane;
    head.model = create.model;
    head.parent = create.parent;
    head.tool_choice = create.tool_choice;
    head.parallel_tool_calls = create.parallel_tool_calls;
    head.store = create.store;
    head.service_tier = act && !act->service_tier.empty() ? act->service_tier : create.service_tier;
    head.created_at =
        std::chrono::duration_cast<std::chrono::seconds>(core::wall_now().time_since_epoch())
            .count();
    return head;
}

ClientRules rules_for(const Options& options, const RequestFacts& facts)
{
    const bool asks_for_beta =
        facts.headers.get("openai-beta").find("responses_multi_agent=v1") != std::string_view::npos;
    ClientRules rules;
    rules.lanes = options.lanes;
    rules.multi_agent = asks_for_beta;
    rules.http = facts.transport == Transport::http;
    rules.stores = options.stores;
    rules.ids_required = options.ids_required;
    rules.models = options.models;
    return rules;
}

} // namespace

Session::Session(World& world, Transcript& transcript, RequestFacts facts, Line& line)
    : world_(world), transcript_(transcript), facts_(std::move(facts)),
      rules_(rules_for(world.options, facts_)), owner_(facts_.headers.get("authorization")),
      line_(line), lanes_(world.storage, owner_, world.options.seal), creates_(facts_.creates)
{
}

Session::~Session()
{
    for (const Running& running : running_)
        if (!running.is_concluded)
            ++world_.stats.responses["aborted"];
}

void Session::on_message(std::string_view text, core::Deadline now)
{
    transcript_.message(facts_.connection, text);
    ClientEvent said = read_client_event(text, rules_);
    if (auto* create = std::get_if<Create>(&said))
        create->bytes = text.size();
    std::visit([&](auto&& event) { on_event(std::move(event), now); }, std::move(said));
    play(now);
}

void Session::on_event(Create create, core::Deadline now)
{
    create.on_connection = ++creates_;
    create.in_process = static_cast<unsigned>(++world_.stats.creates);
    const std::string lane = create.lane;
    if (const auto error = lanes_.admit(std::move(create)))
        refuse(*error, lane);
    start_waiting(now);
}

void Session::on_event(Refusal refusal, core::Deadline)
{
    refuse(refusal.error, refusal.lane);
}

void Session::refuse(const Error& error, std::string_view lane)
{
    ++world_.stats.responses["error"];
    line_.send_error(in_dialect(error), lane);
}

Error Session::in_dialect(Error error) const
{
    error.typeless = error.typeless || world_.options.dialect == Dialect::xai;
    return error;
}

void Session::start_waiting(core::Deadline now)
{
    while (auto start = lanes_.next()) {
        if (start->refusal)
            refuse(*start->refusal, start->create.lane);
        else
            begin(std::move(*start), now);
    }
}

void Session::begin(Start start, core::Deadline now)
{
    take_waiting_steers(start.create);
    ActPtr act = world_.script.at_create(facts_, start, world_.lots);
    const Pacing pacing = paced(world_.options.pacing, act.get());
    auto items =
        make_answer(start, act.get(), pacing, world_.words, world_.ids, world_.options.seal);
    Head head = make_head(start, act.get());
    head.id = next_id();
    line_.begin(start.create, act.get());
    running_.push_back(
        {Performance(
             std::move(head), std::move(start), std::move(items), std::move(act), pacing, now),
         {}});
}

// What was steered into a response that stopped for outputs goes in front of the create that brings
// them.
void Session::take_waiting_steers(Create& create)
{
    if (!create.parent)
        return;
    const auto found = waiting_steers_.find(*create.parent);
    if (found == waiting_steers_.end() || found->second.lane != create.lane)
        return;
    create.input.prepend(std::move(found->second.input));
    waiting_steers_.erase(found);
}

std::string Session::next_id()
{
    if (world_.options.dialect == Dialect::openai)
        return world_.ids.make("resp");
    if (only_id_.empty())
        only_id_ = world_.ids.make("resp");
    return only_id_;
}

core::Deadline Session::due() const noexcept
{
    core::Deadline due = core::Deadline::max();
    for (const Running& running : running_)
        due = std::min(due, running.performance.due());
    return due;
}

Session::Running* Session::find(std::string_view response)
{
    const auto found = std::find_if(running_.begin(), running_.end(), [&](const Running& running) {
        return !running.is_concluded && running.performance.head().id == response;
    });
    return found == running_.end() ? nullptr : &*found;
}

bool Session::was_here(std::string_view response) const
{
    return std::find(past_.begin(), past_.end(), response) != past_.end();
}

void Session::expire()
{
    line_.send(error_event(connection_limit_reached(), {}));
    line_.close(1000, "connection limit reached");
}

} // namespace turngate::sim
