"""Whether the locks hold what pyproject.toml asks for, each package by version and hash."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checks import report

ROOT = Path(__file__).parents[2]
RUNTIME, BUILD, DEV = "requirements.txt", "requirements-build.txt", "requirements-dev.txt"

Lock = Mapping[str, str]


def entries(text: str) -> list[str]:
    """The requirements of a lock, each as one line without its comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [entry for entry in "\n".join(lines).replace("\\\n", " ").splitlines() if entry.strip()]


def pinned(text: str) -> dict[str, str]:
    """Name → version."""
    pins = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", e) for e in entries(text))
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


def unsafe(text: str) -> Iterator[str]:
    """Entries that pip would take from elsewhere, or without looking at what it got."""
    for entry in entries(text):
        name = entry.split()[0]
        if entry.startswith("-") or "://" in entry:
            yield f"{name}: a lock names neither an index nor an address"
        elif not re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?==", entry):
            yield f"{name}: not pinned with =="
        elif not re.search(r"--hash=sha256:[0-9a-f]{64}(\s|$)", entry):
            yield f"{name}: no hash"


def unsatisfied(wanted: list[str], lock: Lock) -> Iterator[str]:
    """What pyproject.toml asks for and the lock does not give."""
    for requirement in map(Requirement, wanted):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        version = lock.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{requirement}: not in the lock"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement}: the lock has {version}"


def disagreements(one: Lock, other: Lock) -> Iterator[str]:
    """Packages that tests would see in another version than the service."""
    for name in sorted(one.keys() & other.keys()):
        if one[name] != other[name]:
            yield f"{name}: {one[name]} in one lock, {other[name]} in another"


def faults(root: Path = ROOT) -> Iterator[str]:
    """Everything that is wrong with the locks."""
    project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())
    texts = {name: (root / name).read_text() for name in (RUNTIME, BUILD, DEV)}
    locks = {name: pinned(text) for name, text in texts.items()}
    groups = project["dependency-groups"]
    runtime = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["postgres"],
    ]
    build = [*groups["build"], *project["build-system"]["requires"]]
    wanted = {
        RUNTIME: runtime,
        BUILD: build,
        DEV: [*runtime, *build, *groups["dev"], *groups["e2e"]],
    }
    for name, text in texts.items():
        found = [*unsafe(text), *unsatisfied(wanted[name], locks[name])]
        found += disagreements(locks[DEV], locks[name])
        found += [f"{each}: missing in {DEV}" for each in locks[name].keys() - locks[DEV].keys()]
        yield from (f"{name}: {fault}" for fault in found)


if __name__ == "__main__":
    report("locks", faults())
