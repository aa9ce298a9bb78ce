"""Alertatron's script as text: blocks of commands with named arguments."""

import re
from dataclasses import dataclass

from bridge.dialects import fields
from bridge.dialects.strict import Json
from bridge.errors import Refused

MAX_COMMANDS = 20

_HEAD = re.compile(r"([A-Za-z0-9_ -]{1,60})\(([^()\n{};]{1,60})\)\s*\{", re.ASCII)
_TAIL = re.compile(r"\s*(?:#[A-Za-z0-9_-]{1,60})?\s*", re.ASCII)
_CALL = re.compile(r"([A-Za-z]{1,40})\s*\(([^()]*)\)", re.ASCII)
_ARGUMENT = re.compile(r"([A-Za-z]{1,40})\s*=\s*(\S.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One command, its name in small letters, and its arguments."""

    name: str
    arguments: dict[str, Json]


@dataclass(frozen=True)
class Block:
    """The commands for one symbol with one set of keys."""

    keys: str
    symbol: str
    commands: tuple[Command, ...]


def read_script(text: str) -> list[Block]:
    """The blocks of a script; whatever stands between them refuses it."""
    blocks: list[Block] = []
    at, count = 0, 0
    while at < len(text):
        block, at = _block(text, at)
        blocks.append(block)
        count += len(block.commands)
        if count > MAX_COMMANDS:
            raise Refused("list_unreadable", None, f"At most {MAX_COMMANDS} commands are taken.")
    return blocks


def _block(text: str, at: int) -> tuple[Block, int]:
    head = _HEAD.match(text, at)
    end = text.find("}", head.end()) if head else -1
    if head is None or end < 0:
        raise _unreadable(text[at : at + 60])
    statements = (s.strip() for s in text[head.end() : end].split(";"))
    commands = tuple(_command(s) for s in statements if s)
    if not commands:
        raise Refused("action_missing", None, "A block without a command says nothing.")
    tail = _TAIL.match(text, end + 1)
    return Block(head[1].strip(), head[2].strip(), commands), tail.end() if tail else end + 1


def _unreadable(found: str) -> Refused:
    return Refused(
        "not_understood",
        None,
        f"{fields.shown(found)} is not understood. A script reads "
        "'Keys(SYMBOL) { command(name=value); }'.",
    )


def _command(statement: str) -> Command:
    """`market(side=buy)`, or a clone's `type=market,side=buy`."""
    call = _CALL.fullmatch(statement)
    if call is not None:
        return Command(call[1].lower(), _arguments(call[2]))
    arguments = _arguments(statement)
    name = arguments.pop("type", None)
    if not isinstance(name, str):
        raise _unreadable(statement)
    return Command(name.lower(), arguments)


def _arguments(text: str) -> dict[str, Json]:
    arguments: dict[str, Json] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        found = _ARGUMENT.fullmatch(part)
        key, value = (found[1].lower(), found[2].strip()) if found else ("", part)
        if key in arguments:
            raise Refused("duplicate_key", key or None, f"'{key}' stands twice in one command.")
        arguments[key] = value
    return arguments
