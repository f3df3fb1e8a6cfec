#!/usr/bin/env python3
"""A room includes only rooms above it (docs/architecture.md), in its sources and in its CMakeLists.txt."""

import re
import sys
import tempfile
from pathlib import Path

import source

ROOMS = "core config telemetry protocol net state usage access accounts upstream conversation gateway admin app".split()
MAY_INCLUDE = {room: set(ROOMS[:place]) for place, room in enumerate(ROOMS)}
# The programs around the daemon know what is on the wire and nothing of the daemon.
MAY_INCLUDE["sim"] = MAY_INCLUDE["bench"] = {"core", "config", "telemetry", "protocol", "net"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)
LINKED = re.compile(r"\bturngate-(\w+)|turngate_room\(\s*(\w+)\s+ROOMS\s+((?:\w+\s*)*?)(?:LIBS|\))")


def included_room(name):
    match = re.match(r"turngate/(\w+)/", name)
    return match and match[1]


def faults_of_file(path, text, room):
    for match in INCLUDE.finditer(text):
        place = f"{path}:{source.line_at(text, match.start(1))}"
        other = included_room(match[1])
        if ".." in Path(match[1]).parts or match[1].startswith("src/"):
            yield f'{place}: "{match[1]}" goes around the doors; rooms meet in include/turngate/<room>/'
        elif other and other != room and other not in MAY_INCLUDE[room]:
            yield f"{place}: {room} may not include {other}"


def faults_of_build(path, text, room):
    text = re.sub(r"#.*", "", text)
    for match in LINKED.finditer(text):
        for other in match[3].split() if match[2] else [match[1]]:
            if other in MAY_INCLUDE and other != room and other not in MAY_INCLUDE[room]:
                yield f"{path}: {room} may not link {other}"


def faults(root):
    for folder in (*Path(root, "src").iterdir(), *Path(root, "include/turngate").iterdir()):
        if folder.is_dir() and folder.name not in MAY_INCLUDE:
            yield f"{folder}: no room of this name"
    for room in MAY_INCLUDE:
        for path in source.files(root, f"src/{room}", f"include/turngate/{room}"):
            yield from faults_of_file(path, path.read_text(), room)
        build = Path(root, "src", room, "CMakeLists.txt")
        if build.exists():
            yield from faults_of_build(build, build.read_text(), room)


def self_test():
    """Every kind of fault is found, and nothing else."""
    cases = {
        "src/net/a.cpp": ('#include "turngate/core/id.hpp"\n#include "turngate/net/b.hpp"\n', 0),
        "src/app/a.cpp": ('#include "turngate/gateway/gateway.hpp"\n', 0),
        "src/core/a.cpp": ('\n#include "turngate/net/stream.hpp"\n', 1),
        "include/turngate/net/b.hpp": ("#  include <turngate/gateway/gateway.hpp>\n", 1),
        "src/sim/a.cpp": ('#include "turngate/net/a.hpp"\n#include "turngate/state/a.hpp"\n', 1),
        "src/state/a.cpp": ('#include "../net/private.hpp"\n', 1),
        "src/usage/CMakeLists.txt": ("turngate_room(usage ROOMS core config access LIBS x)\n# admin\n", 1),
        "src/bench/CMakeLists.txt": ("target_link_libraries(x PRIVATE turngate-net turngate-upstream)\n", 1),
        "src/attic/a.cpp": ("", 1),
    }
    with tempfile.TemporaryDirectory() as root:
        for name, (text, _) in cases.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found = list(faults(root))
        for name, (_, count) in cases.items():
            subject = Path(root, "src/attic") if "attic" in name else Path(root, name)
            assert sum(each.startswith(f"{subject}:") for each in found) == count, (name, found)


if __name__ == "__main__":
    self_test()
    found = list(faults(sys.argv[1]))
    print("\n".join(found) or "every room includes only rooms above it")
    sys.exit(bool(found))
