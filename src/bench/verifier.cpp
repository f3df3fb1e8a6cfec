#include "verifier.hpp"

#include <algorithm>

namespace turngate::bench {

using protocol::EventKind;

Verifier::Verifier(DeltaRule rule, protocol::UpstreamEventReader& reader, Tally& tally)
    : rule_(rule), reader_(reader), tally_(tally)
{
}

void Verifier::begin_turn()
{
    state_ = State::waiting;
    is_first_ = true;
    sequence_.reset();
    deltas_ = 0;
    text_ = {};
    items_.clear();
}

void Verifier::start_over(bool is_stored)
{
    state_ = State::idle;
    if (!is_stored)
        completed_id_.clear();
}

Progress Verifier::on_event(std::string_view event)
{
    const EventKind kind = protocol::peek_kind(event);
    ++tally_.events;
    tally_.bytes_in += event.size();
    if (state_ == State::idle) {
        on_stray(event, kind);
        return Progress::stray;
    }
    const auto progress = is_first_ ? Progress::first : Progress::more;
    is_first_ = false;
    if (kind == EventKind::created)
        on_created(event);
    else if (protocol::is_terminal(kind))
        on_terminal(event, kind);
    else
        on_content(event, kind);
    return state_ == State::idle ? Progress::ended : progress;
}

// Between turns a server may speak of the connection (its age, a drain, rate limits), never of a
// response.
void Verifier::on_stray(std::string_view event, EventKind kind)
{
    if (kind == EventKind::error)
        tally_.add_error(reader_.read_terminal(event, kind).error_code);
    else if (kind != EventKind::lifecycle)
        tally_.add(Violation::after_terminal, event);
}

void Verifier::on_created(std::string_view event)
{
    if (state_ == State::streaming) {
        tally_.add(Violation::second_created, event);
        return;
    }
    state_ = State::streaming;
    response_id_ = std::string(protocol::peek_response_id(event));
    check_sequence(event, EventKind::created);
}

void Verifier::on_content(std::string_view event, EventKind kind)
{
    if (state_ == State::waiting) {
        if (kind != EventKind::lifecycle)
            tally_.add(Violation::no_created, event);
        return;
    }
    check_sequence(event, kind);
    if (kind == EventKind::delta)
        on_delta(event);
    else if (kind == EventKind::content)
        on_other(event);
}

void Verifier::on_delta(std::string_view event)
{
    ++deltas_;
    ++tally_.deltas;
    check_item(event);
    const auto delta = find_text(event, R"("delta":)");
    if (delta)
        text_.add(*delta);
}

void Verifier::on_other(std::string_view event)
{
    const std::string_view type = first_type(event);
    if (type == "response.output_item.added") {
        const auto item = event.find(R"("item":)");
        const auto id = find_text(event.substr(std::min(item, event.size())), R"("id":)");
        items_.emplace_back(id.value_or(std::string_view()));
        text_ = {};
    } else if (type == "response.output_text.done") {
        TextSum whole;
        whole.add(find_text(event, R"("text":)").value_or(std::string_view()));
        if (whole != text_)
            tally_.add(Violation::text_differs, event);
        text_ = {};
    }
}

void Verifier::on_terminal(std::string_view event, EventKind kind)
{
    const auto terminal = reader_.read_terminal(event, kind);
    const bool is_answered = state_ == State::streaming;
    state_ = State::idle;
    completed_id_.clear();
    if (kind == EventKind::error || kind == EventKind::failed)
        tally_.add_error(terminal.error_code);
    if (kind == EventKind::error)
        return;
    ++tally_.turns;
    if (!is_answered) {
        tally_.add(Violation::no_created, event);
        return;
    }
    check_sequence(event, kind);
    if (terminal.response_id != response_id_)
        tally_.add(Violation::foreign_response, event);
    if (kind == EventKind::completed) {
        completed_id_ = response_id_;
        check_delta_count(event);
    }
}

// What is of the connection and not of the response (rate limits, metadata) has no number, and
// types that nobody knows yet may have none.
void Verifier::check_sequence(std::string_view event, EventKind kind)
{
    const auto number = find_number(event, R"("sequence_number":)");
    if (!number) {
        if (kind != EventKind::lifecycle && kind != EventKind::control)
            tally_.add(Violation::sequence_missing, event);
        return;
    }
    if (sequence_ && *number != *sequence_ + 1)
        tally_.add(Violation::sequence_gap, event);
    sequence_ = number;
}

void Verifier::check_item(std::string_view event)
{
    const auto id = find_text(event, R"("item_id":)");
    if (!id || (!items_.empty() && *id == items_.back()))
        return;
    if (std::ranges::find(items_, *id) == items_.end())
        tally_.add(Violation::foreign_item, event);
}

void Verifier::check_delta_count(std::string_view event)
{
    if (rule_.kind == DeltaRule::Kind::same)
        rule_ = {DeltaRule::Kind::exactly, deltas_};
    if (rule_.kind == DeltaRule::Kind::exactly && deltas_ != rule_.count)
        tally_.add(Violation::delta_count, event);
}

} // namespace turngate::bench
