#!/usr/bin/env python3
"""No source of the rooms in which turns live has more than 300 lines: beyond that it is two things."""

import sys
import tempfile
from pathlib import Path

import source

MOST = 300
ROOMS = ("net", "conversation", "gateway")


def faults(root):
    for room in ROOMS:
        for path in source.files(root, f"src/{room}", f"include/turngate/{room}"):
            lines = path.read_text().count("\n")
            if lines > MOST:
                yield f"{path}: {lines} lines; {MOST} at most"


def self_test():
    with tempfile.TemporaryDirectory() as root:
        for name, lines in {"src/net/a.cpp": 300, "src/net/b.cpp": 301, "include/turngate/gateway/c.hpp": 400}.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n" * lines)
        assert [Path(each.split(":")[0]).name for each in faults(root)] == ["b.cpp", "c.hpp"]


if __name__ == "__main__":
    self_test()
    found = list(faults(sys.argv[1]))
    print("\n".join(found) or f"no source has more than {MOST} lines")
    sys.exit(bool(found))
