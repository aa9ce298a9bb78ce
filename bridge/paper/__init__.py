"""A TradeLocker of our own, for demo, tests and paper connections: the real protocol over HTTP."""

from pathlib import Path

from bridge.paper.app import Paper
from bridge.paper.settings import PaperSettings
from bridge.paper.wirelog import Seen

__all__ = ["Paper", "PaperSettings", "Seen", "create_paper"]


def create_paper(
    *,
    seed: int = 1,
    state: Path | None = None,
    control_key: str | None = None,
    settings: PaperSettings | None = None,
) -> Paper:
    """A paper broker; with `state` its users, orders and balances survive a restart."""
    return Paper(seed, state, control_key, settings or PaperSettings())
