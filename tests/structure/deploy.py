#!/usr/bin/env python3
"""What is under deploy/ fits the program and each other. Usage: deploy.py ROOT TURNGATE"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT, TURNGATE = (Path(argument).resolve() for argument in sys.argv[1:3])
SECRETS = {"OPENAI_API_KEY": "k", "TURNGATE_KEY": "tg-test"}


def read(name):
    return (ROOT / name).read_text()


def entries(name):
    lines = (re.sub(r"#.*", "", line).strip() for line in read(f"deploy/packages/{name}").splitlines())
    return [line for line in lines if line]


def settings(unit, key):
    return re.findall(rf"^{key}=(.*)$", read(f"deploy/systemd/{unit}"), re.MULTILINE)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def is_debian_12():
    release = Path("/etc/os-release")
    return release.exists() and "VERSION_CODENAME=bookworm" in release.read_text()


def package_of(library):
    """dpkg knows a file by the path it was packed with, /lib or /usr/lib."""
    path = os.path.realpath(library)
    for name in (path, path.removeprefix("/usr"), library, f"/usr{library}"):
        found = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return f"no package for {library}"


def the_image_has_the_libraries():
    if not is_debian_12():
        return
    listed = set(entries("runtime"))
    linked = re.findall(r"(?:=> |^\s+)(/\S+)", output_of("ldd", str(TURNGATE)), re.MULTILINE)
    needed = {package_of(library) for library in linked}
    assert len(needed) > 5, needed
    assert needed <= listed, f"deploy/packages/runtime lacks {sorted(needed - listed)}"
    unneeded = listed - needed - {"ca-certificates"}
    assert not unneeded, f"deploy/packages/runtime has {sorted(unneeded)}, which nothing needs"


def every_package_is_listed_once():
    seen = {}
    for name in ("build", "test"):
        for entry in entries(name):
            package = entry.split()[0]
            assert package not in seen, f"{package} is in {seen[package]} and in {name}"
            seen[package] = name
    for name in ("deploy/Dockerfile", "deploy/quickstart", "tests/run", ".ci/run"):
        assert "apt-get install" not in read(name), f"{name} has packages of its own; they belong to deploy/packages"


def configurations_are_fine():
    for name in ("config/config.yaml", "config/minimal.yaml", "deploy/container.yaml"):
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch, "config.yaml")
            # The image's paths, as they are here.
            copy.write_text(read(name).replace("/etc/turngate/pricing.yaml", str(ROOT / "config/pricing.yaml")))
            given = subprocess.run(
                [TURNGATE, "check-config", copy],
                cwd=ROOT / "config" if "pricing.yaml" in read(name) else ROOT,
                env={**os.environ, **SECRETS},
                capture_output=True,
                text=True,
            )
        assert given.returncode == 0, f"{name}: {given.stderr}"


def secrets_are_all_in_the_example():
    example = set(re.findall(r"^#?([A-Z_]+)=", read("deploy/turngate.env.example"), re.MULTILINE))
    for name in ("config/config.yaml", "config/minimal.yaml", "deploy/container.yaml"):
        needed = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)\}", re.sub(r"#.*", "", read(name))))
        assert needed <= example, f"deploy/turngate.env.example lacks {needed - example}, which {name} wants"


def the_socket_is_where_the_gateway_listens():
    listen = re.search(r"^  listen: (\S+)", read("config/config.yaml"), re.MULTILINE)[1]
    assert settings("turngate.socket", "ListenStream") == [listen]
    assert f'"{listen}:' in read("deploy/compose.yaml")


def the_service_writes_where_it_may():
    assert settings("turngate.service", "WorkingDirectory") == ["/var/lib/turngate"]
    assert settings("turngate.service", "StateDirectory") == ["turngate"]
    paths = re.findall(r"(?:path|dir): (\S+?)\}?$", re.sub(r"\s*#.*", "", read("config/config.yaml")), re.MULTILINE)
    assert len(paths) == 2 and all(path.startswith("${STATE_DIRECTORY:-.}/data/") for path in paths), paths
    assert "ENV STATE_DIRECTORY=/var/lib/turngate\n" in read("deploy/Dockerfile")
    user = settings("turngate.service", "User")[0]
    assert f"u {user} " in read("deploy/systemd/turngate.sysusers")


def what_the_image_copies_is_there():
    ignored = read(".dockerignore")
    for sources in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.*) \S+$", read("deploy/Dockerfile"), re.MULTILINE):
        for name in sources.split():
            assert (ROOT / name).exists(), f"the Dockerfile copies {name}, which is not there"
            assert name == "." or f"!{name.split('/')[0]}\n" in ignored, f".dockerignore hides {name}"
    for folder in re.findall(r"(?:add_subdirectory\(|include\()(\w+)", read("CMakeLists.txt")):
        assert folder == "tests" or f"!{folder}\n" in ignored, f".dockerignore hides {folder}"


def main():
    checks = [value for name, value in globals().items() if name.startswith(("the_", "every_", "what_"))]
    checks += [configurations_are_fine, secrets_are_all_in_the_example]
    faults = 0
    for check in checks:
        try:
            check()
            print(f"ok    {check.__name__}")
        except AssertionError as fault:
            print(f"FAULT {check.__name__}: {fault}")
            faults += 1
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
