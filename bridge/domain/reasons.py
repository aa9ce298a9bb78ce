"""A sentence per cause: pages, API, command line and notifications all read it here."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.values import plain


@dataclass(frozen=True)
class Reason:
    """Why something happened or did not: a stable code and a sentence with its figures."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


REASONS: Mapping[str, str] = {
    # intake: why a rule did not act on a signal
    "rule_off": "The rule is off.",
    "symbol_not_listed": "The rule does not list {symbol}.",
    "action_not_listed": "The rule does not list {action}.",
    "strategy_not_listed": "The rule does not list the strategy {strategy}.",
    "no_stated_position": "The rule follows the stated position, and the alert states none.",
    "action_not_carried_out": "A {action} by alert is not carried out by rules.",
    "inverse_pending": "An inverse of a {type} order would fill at once; it is not made.",
    "reverse_side_missing": "A reverse must say the side where it ends: long or short.",
    "reference_not_carried_out": (
        "Cancelling the one order that an alert names ({of}) is not carried out, "
        "and cancelling all of them would be another thing."
    ),
    "account_not_named": "The alert names accounts, and none of this rule's is among them.",
    "needs_exact_symbol": "{action} needs one symbol, not every symbol.",
    # at the turn, denied by us
    "halted": "Denied: trading is halted for {scope}.",
    "draining": "Denied: {scope} takes closes only.",
    "symbol_unknown": "Denied: the account has no instrument named {symbol}{near}.",
    "symbol_ambiguous": "Denied: {count} instruments of the account are named {symbol}.",
    "account_unresolved": "Denied: the login has no single account for {account}.",
    "market_not_open": "Denied: the market is {status}, not fully open.",
    "quantity_missing": "Denied: the alert states no quantity and the rule has no fallback size.",
    "unit_missing": (
        "Denied: nobody says what the quantity {quantity} counts; "
        "set the rule's size unit to lots or units."
    ),
    "unit_not_sized": "Denied: a size in {unit} is not computed by this rule.",
    "under_minimum": "Denied: {lots} lots is under the instrument's minimum of {minimum}.",
    "over_maximum": "Denied: {lots} lots is over the instrument's maximum of {maximum}.",
    "nothing_to_close": "Denied: nothing to close; no {side} position was open.",
    "nothing_to_cancel": "Denied: nothing to cancel; no such order was resting.",
    "already_there": "Denied: the position already stands at {position}.",
    "newer_position": (
        "Denied: the alert is late, and the {side} position was opened only after it."
    ),
    "not_flat": "Denied: the {side} position was not seen closed, so nothing was opened.",
    "leg_failed": "Denied: its {leg} did not succeed ({status}), so nothing was opened.",
    "wrong_side": "Denied: the {level} at {price} is on the wrong side of the entry at {entry}.",
    "price_missing": "Denied: a {type} order needs a price.",
    "price_impossible": "Denied: the order's price works out at {price}, which no market has.",
    "pips_unknown": "Denied: a pip is not defined for {symbol}; use points, distance or percent.",
    "level_kind": "Denied: a {level} in {kind} needs what this order does not have.",
    "not_carried_out": "Denied: {what} is not carried out yet, and leaving it out would add risk.",
    "spread_too_wide": "Denied: the spread {seen} is over the rule's limit of {limit}.",
    "too_many_positions": "Denied: {seen} positions are open; the rule allows {limit}.",
    "required_position": "Denied: the position must be {wanted} and is {seen}.",
    "tags_invisible": (
        "Denied: the broker's lists do not show our tags, so an order could not be found again."
    ),
    "cannot_evaluate": "Denied: the rule's {guard} guard could not be evaluated.",
    "opposite_closed": "An opposite position was open: it is closed and nothing is opened.",
    "must_not_open": "Denied: the rule closes only, and this would open or enlarge a position.",
    "sign_in_needed": "Waiting: the connection needs sign-in; its owner must act.",
    # expired
    "too_old": "Expired: {age} old at its turn; the limit is {limit}.",
    # shadowed
    "shadow_mode": "Shadow mode: nothing was sent.",
    "test_message": "Test message: nothing was sent.",
    # outcomes
    "accepted": "Accepted by the broker as order {order}.",
    "close_accepted": "The broker accepted the close; the position is read back next.",
    "broker_refused": "The broker refused: {text}",
    "no_answer": "Sent, no trustworthy answer: {seen}.",
    "not_taken": "Nothing was sent ({seen}); attempt {attempt} follows.",
    "not_accepted": "Not accepted by the broker ({seen}); attempt {attempt} follows.",
    "not_taken_given_up": "Not taken by the broker after {attempt} attempts: {seen}.",
    "filled_at": "Filled {lots} at {price}.",
    "filled_partly": "Filled {lots} of {asked} at {price}; the rest was not filled.",
    "filled_unpriced": "Filled {lots}; the broker's list shows no price.",
    "closed": "Closed {lots} lots in {positions}.",
    "cancelled_at_broker": "The broker shows the order as {status}.",
    "orders_cancelled": "No such order rests any more.",
    "reduced": "The position is gone; nothing is left to close.",
    "left_sending": "Found as being sent by a process that ended; asking the broker.",
    "refused_reduction": "The broker refused ({text}); what is open is read again.",
    "instrument_unnamed": "The account no longer lists instrument {id}, so that part stands.",
    "more_to_close": "This position is closed as asked; the next one follows.",
    "partly_closed": "Less is open, but not yet as little as asked; the rest is asked again.",
    "still_open": "The broker accepted it, but it still stands; it is asked again.",
    "never_took_effect": (
        "The broker accepted it {seconds} s ago, but the position still stands unchanged."
    ),
    "order_gone": "The order is gone from the broker's list.",
    "adopted": "Found at the broker by its tag as order {order}.",
    "proved_absent": "{reads} complete reads over {seconds} s show no order with this tag.",
    "look_alike": "An order that looks the same but carries no tag was found; a person must say.",
    "cannot_tell": "After {seconds} s the broker's lists still do not prove either way.",
    "found_twice": "More than one order carries this tag; a person must look.",
    "rate_limited": "Waiting for the broker's rate limit.",
    "retry_later": "The broker is not reachable ({seen}); trying again.",
    "lane_trouble": "Something went wrong on our side; the traceback is in the log.",
    "leg_before": "Waiting for the earlier leg of the same alert.",
    "earlier_before": "Waiting for an earlier execution on {symbol}.",
    "moving_before": "Waiting: an earlier order on {symbol} is not finished yet.",
    "unknown_before": "Waiting: an earlier call on {symbol} has no answer yet.",
    "review_before": "Waiting: an earlier execution on {symbol} needs review.",
    "by_person": "Decided by {who}: {text}",
}


def why(code: str, **figures: object) -> Reason:
    """The sentence of a cause, with its figures filled in. KeyError on an unknown cause."""
    shown = {k: plain(v) if isinstance(v, Decimal) else str(v) for k, v in figures.items()}
    return Reason(code, REASONS[code].format_map(shown))


def counted(number: int, thing: str) -> str:
    """`1 position`, `2 positions`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
