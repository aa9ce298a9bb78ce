"""Two tellings of a chapter side by side, and each against what its sentences expect."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.contract.scenario import SOME, Answer, Chapter

_LONG_ID = re.compile(r"[0-9]{15,}", re.ASCII)

Telling = Sequence[Answer | None]


def differences(chapter: Chapter, official: Telling, ours: Telling) -> Iterator[str]:
    """Every field in which the clients disagree, and every expectation that does not hold."""
    tellings = {"official": numbered(official), "ours": numbered(ours)}
    for place, said in enumerate(chapter):
        answers = {who: telling[place] for who, telling in tellings.items()}
        for who, answer in answers.items():
            if said.only in (None, who):
                for fault in unlike(said.expect, answer):
                    yield f"{said.says}: {who}: expected {fault}"
        if said.only is None:
            for fault in unlike(answers["official"], answers["ours"], whole=True):
                yield f"{said.says}: official client and ours differ: {fault}"


def numbered(telling: Telling) -> Sequence[Any]:
    """Ids that no step named become numbers in the order in which they first stood there."""
    met: dict[str, str] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, str) and _LONG_ID.fullmatch(value):
            return met.setdefault(value, f"id {len(met) + 1}")
        return value

    return [plain(answer) for answer in telling]


def unlike(wanted: Any, found: Any, path: str = "", *, whole: bool = False) -> Iterator[str]:
    """Where `found` is not as wanted; unless `whole`, fields that are not wanted do not matter."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        names = wanted.keys() | found.keys() if whole else wanted.keys()
        for name in sorted(names):
            yield from unlike(
                wanted.get(name), found.get(name), f"{path}.{name}".lstrip("."), whole=whole
            )
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for place, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from unlike(one, other, f"{path}[{place}]", whole=whole)
    elif wanted == SOME and not whole:
        if found in (None, [], ""):
            yield f"{path}: something, found {found!r}"
    elif wanted != found:
        yield f"{path}: {wanted!r}, found {found!r}"
