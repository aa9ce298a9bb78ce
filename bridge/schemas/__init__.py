"""What people write to us, checked at the edge: every fault named at once, nothing guessed."""

from bridge.schemas.faults import Strict, Told, invalid, loaded
from bridge.schemas.files import (
    ConnectionEntry,
    ConnectionSchema,
    HookEntry,
    HookSchema,
    ImportForm,
    ImportSchema,
    UserForm,
    UserSchema,
)
from bridge.schemas.rules import (
    AccountForm,
    RuleForm,
    RuleSchema,
    account_as_written,
    as_written,
    level_as_written,
)
from bridge.schemas.strict import load_json

__all__ = [
    "AccountForm",
    "ConnectionEntry",
    "ConnectionSchema",
    "HookEntry",
    "HookSchema",
    "ImportForm",
    "ImportSchema",
    "RuleForm",
    "RuleSchema",
    "Strict",
    "Told",
    "UserForm",
    "UserSchema",
    "account_as_written",
    "as_written",
    "invalid",
    "level_as_written",
    "load_json",
    "loaded",
]
