"""Whether every locked package is under a licence that we may use it under."""

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.checks import report
from tests.checks.locks import DEV, ROOT, pinned

ALLOWED = {
    "0BSD",
    "Apache Software License",
    "Apache-2.0",
    "BSD License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CNRI-Python",
    "DFSG approved",
    "ISC",
    "MIT License",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)",
    "PSF-2.0",
    "Python Software Foundation License",
    "The Unlicense (Unlicense)",
}
LOOKED_AT = {
    "axe-playwright-python": "says nothing in its metadata; its licence file is the MIT one",
    "djlint": "GPL: a program that checks our templates; never imported, never shipped",
    "psycopg": "LGPL: used as it is, never vendored",
    "psycopg-binary": "LGPL: used as it is, never vendored",
    "qrcode": "BSD; the other classifier speaks of a trademark",
    "text-unidecode": "we take the Artistic Licence that it offers",
}


def licences(name: str) -> list[list[str]]:
    """What a package says of itself: alternatives, each a list of licences that all hold."""
    told = importlib.metadata.metadata(name)
    expression = _field(told, "License-Expression")
    classifiers = [
        text.rsplit("::", 1)[-1].strip()
        for text in told.get_all("Classifier") or []
        if text.startswith("License ::") and not text.endswith("OSI Approved")
    ]
    if expression is None and classifiers:
        return [classifiers]
    text = expression or (_field(told, "License") or "nothing").splitlines()[0]
    return [re.split(r"\s+AND\s+", part.strip("() ")) for part in re.split(r"\s+OR\s+", text)]


def _field(told: importlib.metadata.PackageMetadata, name: str) -> str | None:
    values = told.get_all(name)
    return values[0] if values else None


def faults(root: Path = ROOT) -> Iterator[str]:
    """Locked packages under a licence that nobody has looked at."""
    lock = pinned((root / DEV).read_text())
    for name in sorted(lock):
        if name in LOOKED_AT:
            continue
        try:
            said = licences(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # locked for another platform
        if not any(set(parts) <= ALLOWED for parts in said):
            yield f"{name}: {' or '.join(' and '.join(parts) for parts in said)}"
    unknown = LOOKED_AT.keys() - {canonicalize_name(name) for name in lock}
    yield from (f"{name}: no longer locked, take it off the list" for name in sorted(unknown))


if __name__ == "__main__":
    report("licences", faults())
