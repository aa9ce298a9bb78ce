"""Secrets that were about to be committed: known shapes, and quoted text that looks random.

A line that must hold such a text says `not a secret` in a comment.
"""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.checks import report

ROOT = Path(__file__).parents[2]

SHAPES = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    "a PyPI token": r"\bpypi-[A-Za-z0-9_-]{60,}",
    "a Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "a Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "a Telegram bot token": r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    "a Discord webhook": r"discord(?:app)?\.com/api/webhooks/[0-9]{15,}/[A-Za-z0-9_-]{40,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
    "a password in an address": r"://[^\s/:@'\"{}$<*]+:[^\s/:@'\"{}$<*]{8,}@(?!localhost|127\.)",
}
QUOTED = re.compile(r"""["'`]([A-Za-z0-9+/=_-]{32,})["'`]""")
ALLOWED = "not a secret"
# Made by programs and full of hashes, which are random by design.
MADE = re.compile(r"^requirements.*\.txt$|/static/vendor/|vendor\.lock$")
# Alerts as their senders' manuals print them: made-up tokens that cannot carry a comment.
SAMPLES = re.compile(r"^tests/.*(?:\.jsonl$|/samples/)")


def bits(text: str) -> float:
    """Shannon's entropy for each character: words have under 4, random base64 nearer 5."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def looks_random(text: str) -> bool:
    """Random hex or base64 rather than an alphabet, a path or words joined by dashes."""
    if re.fullmatch(r"[0-9a-fA-F]+", text):
        return bits(text) > 3.2
    if max(map(len, re.split(r"[-_/]", text))) < 16:
        return False
    mixed = all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return mixed and bits(text) > 4.2 and not re.search(r"abcdef|ABCDEF|012345", text)


def leaks(text: str, *, sample: bool = False) -> Iterator[tuple[int, str]]:
    """Line numbers, and what seems to stand there; in a sample, random text is expected."""
    for number, line in enumerate(text.splitlines(), start=1):
        if ALLOWED in line:
            continue
        for what, shape in SHAPES.items():
            if re.search(shape, line):
                yield number, what
        if not sample and any(looks_random(quoted) for quoted in QUOTED.findall(line)):
            yield number, "a text that looks random"


def tracked(root: Path) -> list[Path]:
    """The files git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return [Path(name) for name in listed.stdout.split("\0") if name]


def faults(root: Path = ROOT) -> Iterator[str]:
    """Every leak in the files of the repository."""
    for path in tracked(root):
        if MADE.search(path.as_posix()) or not (root / path).is_file():
            continue
        content = (root / path).read_bytes()
        if b"\0" in content:
            continue
        sample = bool(SAMPLES.search(path.as_posix()))
        for number, what in leaks(content.decode(errors="replace"), sample=sample):
            yield f"{path}:{number}: {what}"


if __name__ == "__main__":
    report("leaks", faults())
