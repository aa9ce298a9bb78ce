"""Known holes in the locked packages.

pip-audit ends well even when it could not look a package up; then nothing is known about it, so
here that is a fault like a hole.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.checks import report
from tests.checks.locks import DEV, ROOT, pinned


def ask(lock: Path) -> dict[str, Any]:
    """What pip-audit says about a lock."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    answer = subprocess.run(
        [*command, "--disable-pip", "--require-hashes", "-r", str(lock)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, Any] = json.loads(answer.stdout or "{}")
    return told


def faults(told: dict[str, Any], wanted: set[str]) -> Iterator[str]:
    """Each hole, and each wanted package about which nothing was said."""
    audited = set()
    for package in told.get("dependencies", []):
        if "skip_reason" in package:
            continue
        audited.add(package["name"])
        for hole in package["vulns"]:
            mended = ", ".join(hole["fix_versions"]) or "no release yet"
            yield f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}"
    for name in sorted(wanted - audited):
        yield f"{name}: could not be looked up"


if __name__ == "__main__":
    lock = ROOT / DEV
    report("audit", faults(ask(lock), set(pinned(lock.read_text()))))
