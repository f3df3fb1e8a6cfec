#pragma once

#include "http_output.hpp"
#include "response_question.hpp"
#include "socket_counts.hpp"
#include "turn.hpp"

#include "turngate/net/http.hpp"
#include "turngate/protocol/http_create.hpp"

#include <string>
#include <variant>

namespace turngate::gateway {

// A WebSocket is to be opened.
struct Upgrade
{
    net::HttpResponse response; // the 101
    bool deflate = false;
};

// One turn is to be run, and its answer sent.
struct Request
{
    protocol::HttpCreate create;
    WaitingTurn turn;       // but for its create
    std::string turn_state; // of Codex, as LaneMemory has it
    AnswerFacts answer;
};

// Something is asked about a response whose log is on that loop.
struct LogQuestion
{
    ResponseQuestion asks;
    unsigned loop = 0;
    AnswerFacts answer;
};

// The same about a response that only its account may have.
struct StoredQuestion
{
    ResponseQuestion asks;
    AnswerFacts answer;
};

// The models that the key may use, or one of them.
struct ModelsQuestion
{
    std::string model; // empty: all
    AnswerFacts answer;
};

// Someone who may come in, on the way to the loop of their session key, or of the log.
struct Guest
{
    std::variant<Upgrade, Request, LogQuestion, StoredQuestion, ModelsQuestion> wants;
    std::string leftover; // bytes that came behind the request
    std::string peer;     // where the connection comes from
    SessionFacts facts;
    SocketCounts::Ticket ticket;
};

} // namespace turngate::gateway
