#include "endpoints.hpp"

#include "client_event.hpp"
#include "control.hpp"
#include "json_text.hpp"
#include "seal.hpp"
#include "upgrade.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::sim {
namespace {

using nlohmann::json;

// What a path means: a collection, an id and what is asked of it.
struct Place
{
    std::string_view collection; // "responses", "models"; empty: nothing is there
    std::string_view id;
    std::string_view part;
};

Place place_of(std::string_view path)
{
    for (const std::string_view name :
         {std::string_view("responses"), std::string_view("models")}) {
        const std::string whole = "/" + std::string(name);
        const auto at = path.rfind(whole + "/");
        if (path.ends_with(whole))
            return {name, {}, {}};
        if (at == std::string_view::npos)
            continue;
        const std::string_view rest = path.substr(at + whole.size() + 1);
        const auto slash = rest.find('/');
        return {name,
                rest.substr(0, slash),
                slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1)};
    }
    return {};
}

net::HttpResponse json_answer(std::string body)
{
    net::HttpResponse response;
    response.headers.add("content-type", "application/json");
    response.body = std::move(body);
    return response;
}

net::HttpResponse refused(const Error& error)
{
    net::HttpResponse response = json_answer(error_body(error));
    response.status = error.status.value_or(500);
    return response;
}

std::string parameter(std::string_view query, std::string_view name)
{
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return std::string(pair.substr(equals + 1));
    }
    return {};
}

json model_entry(const std::string& name)
{
    return {{"id", name}, {"object", "model"}, {"created", 1'700'000'000}, {"owned_by", "sim"}};
}

net::HttpResponse models(const Options& options, std::string_view id)
{
    const std::vector<std::string> all =
        options.models.empty() ? std::vector<std::string>{"sim-1"} : options.models;
    if (!id.empty()) {
        const bool is_there =
            options.models.empty() || std::find(all.begin(), all.end(), id) != all.end();
        if (is_there)
            return json_answer(model_entry(std::string(id)).dump());
        Error error = model_not_found(id);
        error.status = 404;
        return refused(error);
    }
    json data = json::array();
    for (const std::string& name : all)
        data.push_back(model_entry(name));
    return json_answer(json{{"object", "list"}, {"data", data}}.dump());
}

// As it stands in `input`, a text as the message it is, each with an id.
json items_of(std::string_view id, const Record& record)
{
    json items = record.input.empty() ? json::array() : json::parse(record.input);
    if (items.is_string()) {
        const json part{{"type", "input_text"}, {"text", items}};
        items = json::array({{{"type", "message"}, {"role", "user"}, {"content", {part}}}});
    }
    std::size_t number = 0;
    for (json& item : items)
        if (item.is_object() && !item.contains("id"))
            item["id"] = "in_" + std::string(id) + "_" + std::to_string(number++);
    return items;
}

net::HttpResponse input_items(std::string_view id, const Record& record, std::string_view query)
{
    json items = items_of(id, record);
    if (parameter(query, "order") != "asc")
        std::reverse(items.begin(), items.end());
    const std::string after = parameter(query, "after");
    const std::string asked = parameter(query, "limit");
    std::size_t limit = 20;
    std::from_chars(asked.data(), asked.data() + asked.size(), limit);
    if (limit < 1 || limit > 100)
        return refused(invalid_type("limit", "a number from 1 to 100"));
    const auto is_after = [&](const json& item) { return item.value("id", json()) == after; };
    auto from = items.begin();
    if (!after.empty() &&
        (from = std::find_if(items.begin(), items.end(), is_after)) != items.end())
        ++from;
    json page = json::array();
    for (; from != items.end() && page.size() < limit; ++from)
        page.push_back(*from);
    const json first = page.empty() ? json() : page.front().value("id", json());
    const json last = page.empty() ? json() : page.back().value("id", json());
    return json_answer(json{{"object", "list"},
                            {"data", page},
                            {"first_id", first},
                            {"last_id", last},
                            {"has_more", from != items.end()}}
                           .dump());
}

Error synchronous_cannot_be_cancelled()
{
    Error error;
    error.message = "Cannot cancel a synchronous response.";
    return error;
}

Error method_not_allowed()
{
    Error error;
    error.status = 405;
    error.message = "Not allowed method here.";
    return error;
}

net::HttpResponse stored(World& world, const net::HttpRequest& request, const Place& place)
{
    const std::string owner(request.headers.get("authorization"));
    const std::string id(place.id);
    const Record* record = world.storage.record(owner, id);
    if (!record)
        return refused(no_such_response(id));
    if (place.part == "cancel" && request.method == "POST")
        return refused(synchronous_cannot_be_cancelled());
    if (place.part == "input_items" && request.method == "GET")
        return input_items(id, *record, request.query());
    if (place.part.empty() && request.method == "GET") {
        if (parameter(request.query(), "stream") == "true")
            return refused(unsupported_parameter("stream"));
        return json_answer(record->response);
    }
    if (place.part.empty() && request.method == "DELETE") {
        world.storage.forget(owner, id);
        return json_answer(
            json{{"id", id}, {"object", "response.deleted"}, {"deleted", true}}.dump());
    }
    return refused(method_not_allowed());
}

// The request, read as a create is; or why it cannot be.
ClientEvent read_body(const World& world, const net::HttpRequest& request)
{
    ClientRules rules;
    rules.http = true;
    rules.stores = world.options.stores;
    rules.models = world.options.models;
    return read_client_event(request.body, rules);
}

net::HttpResponse count_tokens(const Create& create, const Context* parent)
{
    const std::int64_t tokens = create.input.tokens() + (parent ? parent->tokens : 0);
    return json_answer(json{{"object", "response.input_tokens"}, {"input_tokens", tokens}}.dump());
}

// The user's messages, then what stands for all the rest.
net::HttpResponse compact(World& world, const Create& create, const Context* parent)
{
    const json input = create.input.json.empty() ? json::array() : json::parse(create.input.json);
    json output = json::array();
    if (input.is_array())
        for (const json& item : input)
            if (item.is_object() && item.value("role", json()) == "user")
                output.push_back(item);
    output.push_back({{"id", world.ids.make("cmp")},
                      {"type", "compaction"},
                      {"encrypted_content", world.ids.make(seal_prefix(world.options.seal))}});
    Usage usage;
    usage.input = create.input.tokens() + (parent ? parent->tokens : 0);
    usage.output = tokens_of(output.back().dump().size());
    std::string body = R"({"id":)" + in_quotes(world.ids.make("resp")) +
                       R"(,"object":"response.compaction","created_at":)";
    append_number(
        body,
        std::chrono::duration_cast<std::chrono::seconds>(core::wall_now().time_since_epoch())
            .count());
    body.append(R"(,"output":)").append(output.dump()).append(R"(,"usage":)");
    append_json(body, usage);
    body.push_back('}');
    return json_answer(std::move(body));
}

net::HttpResponse answer_post(World& world, const net::HttpRequest& request, std::string_view what)
{
    const ClientEvent said = read_body(world, request);
    if (const auto* refusal = std::get_if<Refusal>(&said))
        return refused(refusal->error);
    const Create& create = std::get<Create>(said);
    ContextPtr parent;
    if (create.parent)
        parent =
            world.storage.find(std::string(request.headers.get("authorization")), *create.parent);
    if (create.parent && !parent)
        return refused(parent_not_found(*create.parent));
    return what == "compact" ? compact(world, create, parent.get())
                             : count_tokens(create, parent.get());
}

bool is_action(const Place& place)
{
    return place.collection == "responses" && place.part.empty() &&
           (place.id == "compact" || place.id == "input_tokens");
}

} // namespace

std::optional<net::HttpResponse> check_request(const net::HttpRequest& request,
                                               const Options& options)
{
    const Place place = place_of(request.path());
    if (place.collection.empty())
        return refusal(404, "not_found", "There is nothing here.");
    if (auto no = check_key(request, options))
        return no;
    const bool has_body = request.method == "POST" && (place.id.empty() || is_action(place));
    if (place.collection == "models" && request.method != "GET")
        return refused(method_not_allowed());
    if (place.collection == "responses" && (place.id.empty() || is_action(place)) && !has_body)
        return refused(method_not_allowed());
    if (request.headers.has("content-encoding"))
        return refusal(415, "unsupported_encoding", "The body must not be encoded.");
    const std::string_view type = request.headers.get("content-type");
    if (has_body && !type.starts_with("application/json"))
        return refusal(415, "unsupported_content_type", "The body must be application/json.");
    return std::nullopt;
}

net::HttpResponse answer_endpoint(World& world, const net::HttpRequest& request)
{
    const Place place = place_of(request.path());
    if (place.collection == "models")
        return models(world.options, place.id);
    if (is_action(place))
        return answer_post(world, request, place.id);
    return stored(world, request, place);
}

} // namespace turngate::sim
