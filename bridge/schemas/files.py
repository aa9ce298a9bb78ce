"""Connections, hooks and the import file as people write them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from bridge.domain.values import Secret
from bridge.schemas.faults import Strict, Told
from bridge.schemas.fields import Address, Choice, Flag, Many, Nested, Password, Text, Window
from bridge.schemas.rules import RuleForm, RuleSchema
from bridge.schemas.signatures import SignatureEntry, SignatureSchema

ENVIRONMENTS = ("paper", "demo", "live")
EMAIL = r"[^@\s]{1,64}@[^@\s]{1,190}"
DIALECT = r"[a-z0-9]{1,20}"


@dataclass(frozen=True)
class UserForm:
    """Who the file is for; the password is needed only where the user is new."""

    email: str
    password: Secret | None


@dataclass(frozen=True)
class ConnectionEntry:
    """A TradeLocker login as written; None: not said."""

    name: str
    environment: str
    email: str
    server: str
    password: Secret | None


@dataclass(frozen=True)
class HookEntry:
    """A hook as written. `said` holds the keys that were given: others keep what they were."""

    name: str = ""
    dialect: str = "auto"
    time: str = "bar"
    window: int = 60
    enabled: bool = True
    secret: Secret | None = None
    allow_from: tuple[str, ...] = ()
    signature: SignatureEntry | None = None
    said: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ImportForm:
    """The import file."""

    user: UserForm
    connections: tuple[ConnectionEntry, ...]
    hooks: tuple[HookEntry, ...]
    rules: tuple[RuleForm, ...]


class UserSchema(Strict):
    """Who owns what the file holds."""

    email = Text(most=255, pattern=EMAIL, required=True)
    password = Password(least=12)

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> UserForm:
        return UserForm(data["email"], data.get("password"))


class ConnectionSchema(Strict):
    """A TradeLocker login."""

    name = Text(most=80, required=True)
    environment = Choice(ENVIRONMENTS, required=True)
    email = Text(most=255, pattern=EMAIL, required=True)
    server = Text(most=80, required=True)
    password = Password(most=1024)

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> ConnectionEntry:
        return ConnectionEntry(**{"password": None, **data})


class HookSchema(Strict):
    """A hook."""

    name = Text(most=80, required=True)
    dialect = Text(most=20, pattern=DIALECT)
    time = Choice(("bar", "fired"))
    window = Window(least=0, most=3600)
    enabled = Flag()
    secret = Password(least=8, most=200, allow_none=True)
    allow_from = Many(Address())
    signature = Nested(SignatureSchema, allow_none=True)

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> HookEntry:
        said = frozenset(data)
        if "allow_from" in data:
            data["allow_from"] = tuple(data["allow_from"])
        return HookEntry(**data, said=said)


class ImportSchema(Strict):
    """Connections, hooks and rules as one file."""

    user = Nested(UserSchema, required=True)
    connections = Many(Nested(ConnectionSchema), most=200, load_default=list)
    hooks = Many(Nested(HookSchema), most=200, load_default=list)
    rules = Many(Nested(RuleSchema), most=500, load_default=list)

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def names_once(self, _: dict[str, Any], original: Any, **__: Any) -> None:
        wrong: dict[str, Any] = {}
        lists = original if isinstance(original, dict) else {}
        for key in ("connections", "hooks", "rules"):
            repeats = {i: {"name": [_repeated(name)]} for i, name in _repeats(lists.get(key))}
            wrong |= {key: repeats} if repeats else {}
        if wrong:
            raise ValidationError(wrong)

    @post_load
    def form(self, data: dict[str, Any], **_: Any) -> ImportForm:
        return ImportForm(
            data["user"],
            tuple(data["connections"]),
            tuple(data["hooks"]),
            tuple(data["rules"]),
        )


def _repeats(entries: Any) -> Iterator[tuple[int, str]]:
    """Where a name stands that stood before, in a list as it was written."""
    seen: set[str] = set()
    for i, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            continue
        if name.strip() in seen:
            yield i, name.strip()
        seen.add(name.strip())


def _repeated(name: str) -> Told:
    return Told("twice", f"The name '{name}' stands in this list already.")
