"""Checks of the repository itself. Each runs alone (`python -m tests.checks.locks`), and names
everything it found wrong before it fails."""

import sys
from collections.abc import Iterable


def report(checked: str, faults: Iterable[str]) -> None:
    """Say what was checked; name the faults and fail if there are any."""
    found = list(faults)
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{checked}: {f'{len(found)} faults' if found else 'well'}\n")
    sys.exit(1 if found else 0)
