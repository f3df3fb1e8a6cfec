#include "script_act.hpp"
#include "script_object.hpp"

// How a create over HTTP is answered, as scripts say it.
namespace turngate::sim {
namespace {

using nlohmann::json;

std::string read_newline(ScriptObject& object)
{
    const auto name = object.get<std::string>("newline").value_or("lf");
    if (name == "lf")
        return "\n";
    if (name == "crlf")
        return "\r\n";
    if (name == "cr")
        return "\r";
    object.fail("newline must be lf, crlf or cr");
}

SseForm read_sse(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    SseForm form;
    form.newline = read_newline(object);
    form.has_event_lines = object.get<bool>("event").value_or(true);
    form.has_space = object.get<bool>("space").value_or(true);
    form.splits_data = object.get<bool>("split").value_or(false);
    form.has_ids = object.get<bool>("ids").value_or(false);
    form.has_retry = object.get<bool>("retry").value_or(false);
    form.has_comments = object.get<bool>("comments").value_or(false);
    form.says_done = object.get<bool>("done").value_or(false);
    form.cut = object.get<unsigned>("cut").value_or(0);
    object.finish();
    return form;
}

HttpForm::As read_as(ScriptObject& object)
{
    const auto name = object.get<std::string>("as");
    if (!name)
        return HttpForm::As::asked;
    if (*name != "stream" && *name != "document")
        object.fail("as must be stream or document");
    return *name == "stream" ? HttpForm::As::stream : HttpForm::As::document;
}

bool read_framing(ScriptObject& object)
{
    const auto name = object.get<std::string>("framing").value_or("chunked");
    if (name != "chunked" && name != "close")
        object.fail("framing must be chunked or close");
    return name == "chunked";
}

void read_keepalive(const json& source, const std::string& place, HttpForm& form)
{
    ScriptObject object(source, place);
    form.keepalive = object.milliseconds("every_ms");
    if (form.keepalive.count() == 0)
        object.fail("needs 'every_ms'");
    form.keepalive_text = object.get<std::string>("text").value_or(": keepalive") + "\n\n";
    object.finish();
}

} // namespace

HttpForm read_http_form(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    HttpForm form;
    form.as = read_as(object);
    form.status = static_cast<int>(object.get<unsigned>("status").value_or(200));
    if (form.status < 200 || form.status > 599)
        object.fail("status must be 200 to 599");
    if (const json* headers = object.find("headers")) {
        if (!headers->is_object())
            object.fail("headers must be an object");
        for (const auto& [name, value] : headers->items())
            form.headers.emplace_back(name,
                                      value.is_string() ? value.get<std::string>() : value.dump());
    }
    form.content_type = object.get<std::string>("content_type").value_or("");
    form.is_chunked = read_framing(object);
    form.head_first = object.get<bool>("head_first").value_or(false);
    if (const json* sse = object.find("sse"))
        form.sse = read_sse(*sse, object.place("sse"));
    if (const json* keepalive = object.find("keepalive"))
        read_keepalive(*keepalive, object.place("keepalive"), form);
    if (const json* then = object.find("then")) {
        form.then = read_fault(*then, object.place("then"));
        if (form.then->kind != Fault::Kind::reset && form.then->kind != Fault::Kind::eof)
            object.fail("then must be reset or eof");
    }
    object.finish();
    return form;
}

} // namespace turngate::sim
