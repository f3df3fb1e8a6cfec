#!/usr/bin/env python3
"""deploy/conversation.py against a scripted gateway that does what the real one seldom does: fragments, pings, refusals."""

import base64
import contextlib
import hashlib
import io
import json
import socket
import struct
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[1], "deploy")))
import conversation  # noqa: E402


def frame(opcode, payload, is_last=True):
    head = bytes([(0x80 if is_last else 0) | opcode])
    size = len(payload)
    head += bytes([size]) if size < 126 else struct.pack("!BH", 126, size)
    return head + payload


def text(event):
    return frame(1, json.dumps(event).encode())


def in_pieces(event):
    """In two fragments, with a ping and a pong between them."""
    data = json.dumps(event).encode()
    return frame(1, data[:5], False) + frame(9, b"there?") + frame(10, b"") + frame(0, data[5:])


def read_frame(stream):
    first, second = stream.read(2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", stream.read(2))
    mask = stream.read(4)
    assert second & 0x80, "a client masks"
    return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(stream.read(size)))


def completed(name):
    return {"type": "response.completed", "response": {"id": name, "status": "completed", "usage": {}}}


CALL = {"type": "function_call", "name": "get_weather", "call_id": "call_1", "arguments": '{"city":"Bern"}'}
TURNS = [
    in_pieces({"type": "response.output_item.done", "item": CALL}) + text(completed("resp_1")),
    text({"type": "response.output_text.delta", "delta": "Rain. " * 40}) + in_pieces(completed("resp_2")),
    text({"type": "response.output_text.delta", "delta": "Yes."}) + text(completed("resp_3")),
]


class Gateway:
    """Answers each create with the next of its turns; keeps what it was sent."""

    def __init__(self, turns, status="101 Switching Protocols"):
        self.creates, self.pongs, self._turns, self._status = [], [], list(turns), status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "ws://127.0.0.1:%d/v1/responses" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        peer, _ = self._listener.accept()
        with peer, self._listener, peer.makefile("rb") as stream:
            nonce = ""
            while (line := stream.readline().strip()):
                if line.startswith(b"sec-websocket-key: "):
                    nonce = line.split(b" ")[1].decode()
            accept = hashlib.sha1((nonce + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            head = f"HTTP/1.1 {self._status}\r\nsec-websocket-accept: {base64.b64encode(accept).decode()}\r\n"
            peer.sendall((head + "content-length: 0\r\n\r\n").encode())
            while self._turns:
                opcode, payload = read_frame(stream)
                if opcode == 10:
                    self.pongs.append(payload)
                    continue
                self.creates.append(json.loads(payload))
                peer.sendall(self._turns.pop(0))
            peer.shutdown(socket.SHUT_WR)
            stream.read()

    def join(self):
        self._thread.join(10)
        assert not self._thread.is_alive(), "the client let go of nothing"


def play(gateway):
    """What it printed, and the ids or the failure."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            with conversation.WebSocket(gateway.url, {"authorization": "Bearer k"}, 10) as ws:
                result = conversation.converse(ws, conversation.Screen(), "m")
        except conversation.Failure as failure:
            result = str(failure)
    gateway.join()
    return printed.getvalue(), result


def plays_three_turns_over_fragments_and_pings():
    gateway = Gateway(TURNS)
    printed, ids = play(gateway)
    assert ids == ["resp_1", "resp_2", "resp_3"], ids
    assert gateway.pongs and set(gateway.pongs) == {b"there?"}, gateway.pongs
    first, second, third = gateway.creates
    assert "previous_response_id" not in first and first["store"] is False
    assert second["previous_response_id"] == "resp_1" and second["input"][0]["call_id"] == "call_1"
    assert third["previous_response_id"] == "resp_2"
    assert 'calls get_weather("city": "Bern")' in printed and "Rain. Rain." in printed and "Yes." in printed


def fails_when_the_tool_is_not_called():
    _, failure = play(Gateway([text(completed("resp_1"))]))
    assert "did not call the tool" in failure, failure


def fails_when_a_turn_ends_in_an_error():
    _, failure = play(Gateway([text({"type": "error", "status": 503, "error": {"code": "no_account_available"}})]))
    assert "no_account_available" in failure, failure


def fails_when_the_connection_is_closed_or_lost():
    _, failure = play(Gateway([frame(8, struct.pack("!H", 1012) + b"drain")]))
    assert "1012 drain" in failure, failure
    _, failure = play(Gateway([frame(1, b"{", False)]))
    assert "lost" in failure, failure


def fails_when_the_upgrade_is_refused():
    _, failure = play(Gateway([], "401 Unauthorized"))
    assert "401" in failure, failure


if __name__ == "__main__":
    for test in (
        plays_three_turns_over_fragments_and_pings,
        fails_when_the_tool_is_not_called,
        fails_when_a_turn_ends_in_an_error,
        fails_when_the_connection_is_closed_or_lost,
        fails_when_the_upgrade_is_refused,
    ):
        test()
        print(f"ok    {test.__name__}")
