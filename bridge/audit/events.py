"""Event: an audit entry's "what", as subject.past-participle."""

from enum import StrEnum


class Event(StrEnum):
    """Everything that leaves an audit entry."""

    ALERT_ACCEPTED = "alert.accepted"
    ALERT_DUPLICATED = "alert.duplicated"
    ALERT_UNMATCHED = "alert.unmatched"
    ALERT_REFUSED = "alert.refused"
    ALERT_TOO_LARGE = "alert.too_large"
    HOOK_CHECK_FAILED = "hook.check_failed"
    HOOK_MISADDRESSED = "hook.misaddressed"

    EXECUTION_QUEUED = "execution.queued"
    EXECUTION_SENDING = "execution.sending"
    EXECUTION_WORKING = "execution.working"
    EXECUTION_FILLED = "execution.filled"
    EXECUTION_REJECTED = "execution.rejected"
    EXECUTION_CANCELLED = "execution.cancelled"
    EXECUTION_DENIED = "execution.denied"
    EXECUTION_EXPIRED = "execution.expired"
    EXECUTION_UNKNOWN = "execution.unknown"
    EXECUTION_NOT_PLACED = "execution.not_placed"
    EXECUTION_NEEDS_REVIEW = "execution.needs_review"
    EXECUTION_SHADOWED = "execution.shadowed"
    EXECUTION_SPLIT = "execution.split"
    EXECUTION_OBSERVED = "execution.observed"
    EXECUTION_LOOKED = "execution.looked_for"
    EXECUTION_QUEUED_AGAIN = "execution.queued_again"
    EXECUTION_ANSWERED_LATE = "execution.answered_late"

    CONNECTION_CREATED = "connection.created"
    CONNECTION_CHANGED = "connection.changed"
    CONNECTION_SIGN_IN_NEEDED = "connection.sign_in_needed"
    ACCOUNT_RESOLVED = "account.resolved"
    HOOK_CREATED = "hook.created"
    HOOK_CHANGED = "hook.changed"
    HOOK_ROTATED = "hook.rotated"
    RULE_CREATED = "rule.created"
    RULE_CHANGED = "rule.changed"
    RULE_REMOVED = "rule.removed"

    USER_CREATED = "user.created"
    TOKEN_CREATED = "token.created"  # noqa: S105 - an event's name, not a secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - an event's name, not a secret
    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_OUT_DONE = "sign_out.done"
    SECRET_OPENED = "secret.opened"  # noqa: S105 - an event's name, not a secret
    IMPORT_DONE = "import.done"
    EXPORT_DONE = "export.done"
