"""How the code of Bridge is built, read from its source: who imports whom, and what stands only in
one place. `test_house.py` asks; every answer is a list of sentences, empty when all is well."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LEVELS: Mapping[str, int] = {
    "errors": 0,
    "domain": 0,
    "config": 1,
    "gunicorn_settings": 1,
    "logs": 1,
    "metrics": 1,
    "sealing": 1,
    "schemas": 1,
    "dialects": 1,
    "store": 1,
    "brokers": 1,
    "audit": 2,
    "signing": 2,
    "notify": 2,
    "observe": 3,
    "controls": 3,
    "routing": 3,
    "references": 3,
    "lane": 3,
    "intake": 4,
    "execute": 4,
    "reconcile": 4,
    "preview": 4,
    "transfer": 4,
    "dispatcher": 5,
    "web": 5,
    "app": 6,
    "serving": 7,
    "cli": 8,
    "wsgi": 8,
    "__main__": 8,
    "__init__": 8,
}
"""A module imports only from lower levels."""

ASIDE: Mapping[str, frozenset[str]] = {"paper": frozenset({"app", "cli"})}
"""Modules that stand for somebody else's program, and who may import them. They see values only."""

ALSO = frozenset({("__main__", "cli"), ("lane", "observe")})
"""Steps within one level: `python -m bridge` is the command line; a lane holds the account that was
opened for it to observe."""

ONLY_IN: Mapping[str, frozenset[str]] = {
    "sqlalchemy": frozenset({"store"}),
    "alembic": frozenset({"store"}),
    "requests": frozenset({"brokers", "notify", "cli"}),
    "urllib3": frozenset({"brokers"}),
    "environs": frozenset({"config"}),
}
"""Libraries that only these modules know."""

IN_DOMAIN = frozenset({("domain/expressions.py", "simpleeval")})
"""What the domain takes from outside the standard library, and where."""

VAGUE = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"})
CATCH_ALL = "dispatcher/loop.py"
ENVIRONMENT = frozenset({"config.py", "cli/demo.py"})
"""The demo makes an environment of its own for the service that it starts."""
NO_FLOAT = ("domain", "brokers", "store")


@dataclass(frozen=True)
class Source:
    """One module of the package: its path below it, and its syntax tree."""

    path: Path
    tree: ast.Module

    @property
    def top(self) -> str:
        """The top-level module it belongs to: `store` for store/tables/work.py."""
        return self.path.parts[0].removesuffix(".py")

    def at(self, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
        """Where a node stands, for a sentence."""
        return f"{self.path.as_posix()}:{node.lineno}"


def sources(package: Path) -> list[Source]:
    """Every module below a package."""
    paths = sorted(package.rglob("*.py"))
    return [Source(p.relative_to(package), ast.parse(p.read_text())) for p in paths]


def imported(source: Source) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Every dotted name a module imports, inside functions too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            # `from bridge import store` means bridge.store.
            names = [f"bridge.{a.name}" for a in node.names] if module == "bridge" else [module]
            for name in names:
                yield node, name


def without_level(package: Path) -> Iterator[str]:
    """Top-level modules that nobody has given a place."""
    for top in sorted({source.top for source in sources(package)}):
        if top not in LEVELS and top not in ASIDE:
            yield f"{top}: give it a level in tests/house.py"


def wrong_imports(package: Path) -> Iterator[str]:
    """Imports that do not point to a lower level, or of a library that belongs elsewhere."""
    for source in sources(package):
        for node, name in imported(source):
            first, _, rest = name.partition(".")
            fault = _wrong_own(source, rest) if first == "bridge" else _wrong_foreign(source, first)
            if fault is not None:
                yield f"{source.at(node)}: {fault}"


def _wrong_own(source: Source, name: str) -> str | None:
    target = name.split(".")[0] or "__init__"
    if target == source.top:
        return None
    if source.top in ASIDE:
        fine = name.startswith("domain.values")
        return None if fine else f"{source.top} may see domain.values only, not {name}"
    if target in ASIDE:
        fine = source.top in ASIDE[target]
        return None if fine else f"{source.top} may not import {target}"
    if (source.top, target) in ALSO:
        return None
    if LEVELS.get(target, 99) >= LEVELS.get(source.top, -1):
        return f"{source.top} may not import {target}"
    return None


def _wrong_foreign(source: Source, library: str) -> str | None:
    if source.top not in ONLY_IN.get(library, {source.top}):
        return f"{library} belongs in {', '.join(sorted(ONLY_IN[library]))}"
    pure = LEVELS.get(source.top) == 0
    known = library in sys.stdlib_module_names or (source.path.as_posix(), library) in IN_DOMAIN
    return f"{source.top} needs no {library}" if pure and not known else None


def relative_imports(package: Path) -> Iterator[str]:
    """Imports that begin with a dot."""
    for source in sources(package):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.level > 0:
                yield f"{source.at(node)}: say the whole name"


def floats(package: Path) -> Iterator[str]:
    """Calls of float() where sizes and prices are handled."""
    for source in sources(package):
        if source.top in NO_FLOAT:
            yield from (f"{source.at(n)}: use Decimal" for n in _calls(source.tree, "float"))


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def catch_alls(package: Path) -> Iterator[str]:
    """Handlers that would swallow anything, outside the one place for them."""
    for source in sources(package):
        for node in ast.walk(source.tree):
            wide = isinstance(node, ast.ExceptHandler) and _is_wide(node.type)
            if wide and source.path.as_posix() != CATCH_ALL:
                assert isinstance(node, ast.ExceptHandler)
                yield f"{source.at(node)}: name what is caught"


def _is_wide(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(k, ast.Name) and k.id in {"Exception", "BaseException"} for k in kinds)


def environment_reads(package: Path) -> Iterator[str]:
    """Looks at the environment outside the places for it."""
    for source in sources(package):
        if source.path.as_posix() in ENVIRONMENT:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.expr | ast.stmt) and _reads_environment(node):
                yield f"{source.at(node)}: settings come from bridge.config"


def _reads_environment(node: ast.expr | ast.stmt) -> bool:
    names = {"environ", "environb", "getenv"}
    if isinstance(node, ast.Attribute):
        of_os = isinstance(node.value, ast.Name) and node.value.id == "os"
        return of_os and node.attr in names
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in names for alias in node.names)
    return False


def vague_names(package: Path) -> Iterator[str]:
    """Modules and folders whose names say nothing."""
    for source in sources(package):
        vague = {part.removesuffix(".py") for part in source.path.parts} & VAGUE
        yield from (f"{source.path.as_posix()}: {name} says nothing" for name in sorted(vague))
