#!/usr/bin/env python3
"""What deploy/observe/ asks for is there, and docs/metrics.md tells of every metric. Usage: observe.py ROOT"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve()
NAME = r"turngate_[a-z_]+"


def registered():
    """{name: type}, as the sources register them."""
    found = {}
    for source in (ROOT / "src").rglob("*.cpp"):
        text = source.read_text()
        for kind, name in re.findall(rf'\b(counter|gauge|histogram)\(\s*"({NAME})"', text):
            found[name] = kind
        if "const auto set = [&](const char* name, const char* help" in text:
            found.update({name: "gauge" for name in re.findall(rf'\bset\("({NAME})"', text)})
    return found


def documented():
    rows = re.findall(rf"^\| `({NAME})` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "docs/metrics.md has a metric twice"
    return dict(rows)


def asked_for():
    dashboard = json.loads((ROOT / "deploy/observe/dashboard.json").read_text())
    alerts = (ROOT / "deploy/observe/alerts.yml").read_text()
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    expressions += re.findall(r"^ +expr: (.*)$", alerts, re.MULTILINE)
    assert len(expressions) > 20, "they have not been read"
    return {name for expression in expressions for name in re.findall(NAME, expression)}


def main():
    known = registered()
    assert len(known) > 30, known
    told = documented()
    assert told == known, f"docs/metrics.md and the sources: {sorted(set(told.items()) ^ set(known.items()))}"
    samples = set(known)
    for name, kind in known.items():
        if kind == "histogram":
            samples |= {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    assert asked_for() <= samples, f"deploy/observe asks for {sorted(asked_for() - samples)}"
    alerts = (ROOT / "deploy/observe/alerts.yml").read_text()
    assert alerts.count("- alert:") == alerts.count("runbook: ") > 10, "each alert says what to do"


main()
