"""What an audit entry may say: an allow-list of field names, applied before writing."""

from collections.abc import Mapping
from typing import Any

ALLOWED = frozenset(
    {
        "absent_reads", "account", "accounts", "action", "address", "after", "age", "answered",
        "arithmetic", "attempt", "before", "changed", "code", "conflict", "connection", "count",
        "dialect", "digest", "duplicate_of", "environment", "executions", "field", "fields",
        "fill_lots", "fill_price", "hook", "hooks", "intent", "kind", "leg", "length", "lots",
        "mode", "name", "near", "not_honoured", "old", "order_id", "plan", "position",
        "position_id", "price", "purpose", "quantity", "repairs", "role", "rule", "rules", "seen",
        "server", "side", "signals", "stop_loss", "symbol", "table", "tag", "take_profit", "type",
        "unmatched", "until", "user", "wire",
    }
)  # fmt: skip


def allowed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data with the value of every field that is not on the list struck out."""
    return {key: value if key in ALLOWED else "***" for key, value in data.items()}
