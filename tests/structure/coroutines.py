#!/usr/bin/env python3
"""Every co_await stands alone: one statement, its result named (g++ 12 miscompiles the rest). No coroutine is detached.
In the daemon and its programs none is a lambda with captures either, since those may die before it does; a test that
runs a lambda to its end in place may have one."""

import re
import sys

import source

HEAD = re.compile(r"(?:if(?:\s+constexpr)?|for|while|switch)\s*\(.*\)|else|do|case\b[^?]*:|default:", re.DOTALL)
BODY = re.compile(r"(?:[;{}:)]|\b(?:const|noexcept|override|final|mutable|else|do|try)|->[\w\s:<>,&*]+)\s*$")
LAMBDA = re.compile(r"\[([^\[\]]*)\]\s*(?:\(|\{|mutable\b|->)")


def balanced_end(code, begin):
    """Past the bracket that closes the one at begin."""
    depth = 0
    for position in range(begin, len(code)):
        depth += (code[position] in "([{") - (code[position] in ")]}")
        if depth == 0:
            return position + 1
    return len(code)


def is_balanced(text):
    return text.count("(") == text.count(")")


def begins_statement(before):
    """What is before is nothing, or the head of an if or loop that ends here."""
    before = before.strip()
    return not before or (is_balanced(before) and HEAD.fullmatch(before) is not None)


def statement_before(code, position):
    """From the beginning of the statement to position, and the bracket or semicolon in front of it."""
    depth = 0
    for begin in range(position - 1, -1, -1):
        char = code[begin]
        depth += (char == ")") - (char == "(")
        if char in "{}" or (char == ";" and depth >= 0):
            return code[begin + 1 : position], begin
    return code[:position], -1


def stands_alone(code, position):
    before, boundary = statement_before(code, position)
    if boundary >= 0 and code[boundary] == "{" and not BODY.search(code[:boundary]):
        return False  # in the braces of a temporary
    words = before.strip()
    if words.endswith("co_return"):
        return begins_statement(words[: -len("co_return")])
    if not words.endswith("=") or words.endswith(("==", "!=", "<=", ">=")):
        return begins_statement(before)
    if "?" in words:
        return False
    if is_balanced(words):
        return True
    # if (auto sent = co_await lease.send(frame); !sent)
    opening = re.search(r"\b(?:if|switch)\s*\([^()]*=$", words)
    rest = code[position:]
    return bool(opening) and ";" in rest[: balanced_end("(" + rest, 0)]


def faults_of_awaits(code):
    for match in re.finditer(r"\bco_await\b", code):
        if not stands_alone(code, match.start()):
            yield match.start(), "this co_await does not stand alone: name its result in a statement of its own"
    for match in re.finditer(r"\bdetached\b", code):
        yield match.start(), "detached: give it to a TaskGroup"


def own_part(code, begin, end):
    """A body without the lambdas in it."""
    body = code[begin:end]
    for match in LAMBDA.finditer(body, 1):
        inner = body.find("{", match.end() - 1)
        if inner >= 0:
            close = balanced_end(body, inner)
            body = body[:inner] + " " * (close - inner) + body[close:]
    return body


def faults_of_lambdas(code):
    for match in LAMBDA.finditer(code):
        if not match[1].strip() or re.search(r"[\w\])]\s*$", code[: match.start()]):
            continue  # no captures; or an index: values[i](…)
        after = match.end() - 1
        if code[after] == "(":
            after = balanced_end(code, after)
        begin = code.find("{", after)
        if begin < 0 or ";" in code[after:begin]:
            continue
        if re.search(r"\bco_(?:await|return|yield)\b", own_part(code, begin, balanced_end(code, begin))):
            yield match.start(), "a coroutine that captures: let it be a function, or take its arguments by value"


def faults(code, is_test=False):
    return sorted((*faults_of_awaits(code), *(() if is_test else faults_of_lambdas(code))))


GOOD = """
    co_await timer.async_wait(as_tuple(use_awaitable));
    const auto answer = co_await ask(x);
    if (!stream_) co_await open(a, b);
    for (auto& each : all(1)) { co_await each.join(); }
    if (auto sent = co_await lease.send(frame(1)); !sent) co_return sent.error();
    co_return co_await settle(turn, relay);
    member_ = co_await ask(x);
    auto task = [](Socket socket) -> Task<> { co_await serve(std::move(socket)); };
    spawn([this] { run(); });
    // if (co_await x) and detached are for comments
    say("f(co_await x)", 'c', 30'000);
    try { co_await x; } catch (...) {}
    else co_await y;
    values[i](1); { co_await z; }
"""
BAD = """
if (co_await ask(x)) {}
while (co_await ask(x)) {}
switch (co_await ask(x)) {}
if ((co_await ask(x)).ok) {}
f(co_await ask(x));
f(a, co_await ask(x));
const auto y = a ? co_await ask(x) : b;
y = co_await a || co_await b;
Target target{co_await ask(x)};
for (auto each : co_await all()) {}
if (auto y = co_await ask(x)) {}
return !co_await x;
while (!set && co_await x) {}
co_spawn(loop, task, asio::detached);
spawn([this] { co_await x; });
auto task = [&a](int b) -> Task<> { if (b) { co_return; } };
"""


def self_test():
    good = source.code_of("Task<> f()\n{" + GOOD + "}")
    assert not faults(good), [(source.line_at(good, at), what) for at, what in faults(good)]
    for line in BAD.strip().splitlines():
        found = faults(source.code_of("Task<> f()\n{ g(); " + line + " }"))
        assert found, f"not found: {line}"


def main(root):
    self_test()
    count = 0
    for path in source.files(root, "include", "src", "tests"):
        code = source.code_of(path.read_text())
        for position, what in faults(code, "tests" in path.relative_to(root).parts):
            print(f"{path}:{source.line_at(code, position)}: {what}")
            count += 1
    if not count:
        print("every co_await stands alone")
    return bool(count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
