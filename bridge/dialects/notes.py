"""What the reading of one message leaves beside its signals."""

from dataclasses import dataclass, field

from bridge.domain.signals import NotHonoured
from bridge.domain.values import Secret


@dataclass
class Notes:
    """Repairs, fields not honoured, the secret, the test mark and the id of one message."""

    repairs: list[str] = field(default_factory=list)
    not_honoured: list[NotHonoured] = field(default_factory=list)
    secret: Secret | None = None
    test: bool = False
    id: str | None = None

    def repaired(self, *repairs: str) -> None:
        self.repairs.extend(r for r in repairs if r not in self.repairs)

    def passed_over(self, field: str, reason: str) -> None:
        note = NotHonoured(field[:100], reason)
        if note not in self.not_honoured:
            self.not_honoured.append(note)

    def keep_secret(self, value: str) -> None:
        if self.secret is None:
            self.secret = Secret(value)
