"""The project's C++ sources, for the checks beside this file."""

import re
from pathlib import Path

_NOISE = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"([^\s()\\]{0,16})\(.*?\)\1" | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


def files(root, *folders):
    for folder in folders:
        for path in sorted(Path(root, folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp") and "node_modules" not in path.parts:
                yield path


def code_of(text):
    """The text without what is in comments and literals; every character stays on its line."""

    def blank(match):
        inside = re.sub(r"[^\n]", " ", match[0])
        return inside if match[0].startswith("/") else '"' + inside[1:-1] + '"'

    # A digit separator is no literal: 30'000
    return _NOISE.sub(blank, re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", " ", text))


def line_at(text, position):
    return text.count("\n", 0, position) + 1
