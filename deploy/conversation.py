#!/usr/bin/env python3
"""A conversation of three turns with a tool call, over WebSocket, printed as it streams.

What deploy/quickstart plays through the gateway. Needs nothing but Python 3; the key is taken from TURNGATE_KEY.
Exits with 0 only if all three turns were completed and the tool was called.
"""

import argparse
import base64
import hashlib
import json
import os
import socket
import struct
import sys
import urllib.parse

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
QUESTION = "Use the tool: what is the weather like in Bern right now?"
FOLLOW_UP = "Thank you. Do I need an umbrella?"
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city right now.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Failure(Exception):
    pass


class WebSocket:
    """Text messages over one connection (RFC 6455), client's side, ws:// only."""

    def __init__(self, url, headers, timeout):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "ws":
            raise Failure(f"{url}: only ws:// here")
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
        try:
            self._upgrade(parts, headers)
        except BaseException:
            self._drop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unwound):
        if unwound == (None, None, None):
            self._send(CLOSE, struct.pack("!H", 1000))
        self._drop()

    def _drop(self):
        self._stream.close()
        self._socket.close()

    def _upgrade(self, parts, headers):
        nonce = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {parts.path or '/'} HTTP/1.1",
            f"host: {parts.netloc}",
            "connection: Upgrade",
            "upgrade: websocket",
            "sec-websocket-version: 13",
            f"sec-websocket-key: {nonce}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        status = self._stream.readline().decode("latin-1").split(" ", 2)
        answer = {}
        while (line := self._stream.readline().decode("latin-1").strip()):
            name, _, value = line.partition(":")
            answer[name.strip().lower()] = value.strip()
        if status[1:2] != ["101"]:
            body = self._stream.read(int(answer.get("content-length", 0))).decode("utf-8", "replace")
            raise Failure(f"the upgrade was refused: {' '.join(status).strip()} {body}")
        want = hashlib.sha1((nonce + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if answer.get("sec-websocket-accept") != base64.b64encode(want).decode():
            raise Failure("the upgrade's answer is not for this request")

    def _send(self, opcode, payload):
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def _read(self, size):
        data = self._stream.read(size)
        if len(data) < size:
            raise Failure("the connection was lost")
        return data

    def _frame(self):
        first, second = self._read(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._read(8))
        return bool(first & 0x80), first & 0x0F, self._read(size)

    def send(self, message):
        self._send(TEXT, json.dumps(message, ensure_ascii=False).encode())

    def receive(self):
        """The next message, whatever control frames and fragments it comes in."""
        message = b""
        while True:
            is_last, opcode, payload = self._frame()
            if opcode == PING:
                self._send(PONG, payload)
            elif opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise Failure(f"the gateway closed: {code} {payload[2:].decode('utf-8', 'replace')}")
            elif opcode != PONG:
                message += payload
                if is_last:
                    return json.loads(message)


def short(name):
    return name if len(name) <= 16 else f"{name[:9]}…{name[-4:]}"


class Screen:
    """Says who says what; streamed text goes on in its line."""

    def __init__(self):
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._style = "\033[1;36m%s\033[0m" if color else "%s"
        self._is_open = False

    def line(self, who, text):
        self.end()
        print(f"{self._style % f'{who:>9}'}  {text}", flush=True)

    def stream(self, who, text):
        if not self._is_open:
            print(f"{self._style % f'{who:>9}'}  ", end="")
            self._is_open = True
        print(text.replace("\n", "\n" + 11 * " "), end="", flush=True)

    def end(self):
        if self._is_open:
            print(flush=True)
        self._is_open = False


def play_turn(ws, screen, create):
    """Sends the create; the response that completed it, its items beside it."""
    ws.send({"type": "response.create", **create})
    items = []
    while True:
        event = ws.receive()
        kind = event.get("type")
        if kind == "response.output_text.delta":
            screen.stream("model", event["delta"])
        elif kind == "response.output_item.done":
            items.append(event["item"])
        elif kind == "response.completed":
            screen.end()
            return event["response"], items
        elif kind in ("error", "response.failed", "response.incomplete"):
            screen.end()
            raise Failure(f"the turn ended with {json.dumps(event)}")


def call_tool(screen, call):
    arguments = json.loads(call["arguments"])
    screen.line("model", f"calls {call['name']}({json.dumps(arguments)[1:-1]})  [{short(call['call_id'])}]")
    output = json.dumps({"city": arguments.get("city"), "sky": "light rain", "celsius": 11})
    screen.line("tool", output)
    return {"type": "function_call_output", "call_id": call["call_id"], "output": output}


def tell_end(screen, number, response):
    usage = response.get("usage") or {}
    tokens = f"{usage.get('input_tokens', 0)} tokens in, {usage.get('output_tokens', 0)} out"
    screen.line("", f"turn {number}: {response['status']}, {short(response['id'])}, {tokens}\n")


def converse(ws, screen, model):
    """The ids of the three responses."""
    common = {"model": model, "store": False, "tools": [TOOL]}

    screen.line("user", QUESTION)
    first, items = play_turn(
        ws, screen, {**common, "input": QUESTION, "tool_choice": {"type": "function", "name": TOOL["name"]}}
    )
    calls = [item for item in items if item["type"] == "function_call"]
    if not calls:
        raise Failure("the model did not call the tool")
    outputs = [call_tool(screen, call) for call in calls]
    tell_end(screen, 1, first)

    second, _ = play_turn(
        ws, screen, {**common, "input": outputs, "previous_response_id": first["id"], "tool_choice": "none"}
    )
    tell_end(screen, 2, second)

    screen.line("user", FOLLOW_UP)
    third, _ = play_turn(
        ws, screen, {**common, "input": FOLLOW_UP, "previous_response_id": second["id"], "tool_choice": "none"}
    )
    tell_end(screen, 3, third)
    return [response["id"] for response in (first, second, third)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="ws://127.0.0.1:8080/v1/responses")
    parser.add_argument("--model", default="sim-1")
    parser.add_argument("--ids", metavar="FILE", help="write the ids of the responses here, one a line")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait for an event")
    given = parser.parse_args()
    try:
        key = os.environ.get("TURNGATE_KEY", "")
        headers = {"authorization": f"Bearer {key}", "user-agent": "conversation.py"}
        with WebSocket(given.url, headers, given.timeout) as ws:
            ids = converse(ws, Screen(), given.model)
    except (Failure, OSError) as failure:
        sys.exit(f"conversation.py: {failure}")
    if given.ids:
        with open(given.ids, "w", encoding="utf-8") as file:
            file.writelines(f"{each}\n" for each in ids)


if __name__ == "__main__":
    main()
