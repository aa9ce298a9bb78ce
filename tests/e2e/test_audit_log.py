"""The audit log in a real browser: by mouse, by keys alone, live, in both themes, on a phone."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from bridge.audit import Event
from bridge.domain.signals import Signal
from bridge.domain.status import Status
from bridge.domain.values import Action
from bridge.store.tables.work import ExecutionRow
from tests.e2e.conftest import ALERTS, LAPTOP, PHONE, Opener, Served
from tests.factories import make_alert, make_call, make_entry, make_execution, make_hook
from tests.story import Story

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}${jndi:x}'


def add_execution(served: Served, story: Story, symbol: str, status: Status) -> ExecutionRow:
    """An alert that comes in now."""
    now = datetime.now(UTC)
    with served.database.transaction() as db:
        alert = make_alert(db, story.hook, signal=Signal(Action.BUY, symbol), received_at=now)
        make_entry(db, Event.ALERT_ACCEPTED, alert)
        execution = make_execution(
            db, alert, story.rules[0], story.accounts[0], status=status, instrument=symbol
        )
        make_entry(db, Event.EXECUTION_QUEUED, alert, execution)
    return execution


def move(served: Served, execution: ExecutionRow, status: Status, event: Event) -> None:
    """Its status changes, with the entry that says so."""
    with served.database.transaction() as db:
        row: ExecutionRow = db.get_one(ExecutionRow, execution.id)
        row.status, row.reason = status.value, f"It became {status.value}."
        make_entry(db, event, None, row, reason=row.reason, call=make_call())


def focused_row(page: Page) -> str | None:
    """The id of the row that has the focus."""
    found: str | None = page.evaluate("document.activeElement.closest('#rows > tr')?.id")
    return found


def row_ids(page: Page) -> list[str]:
    ids: list[str] = page.evaluate("[...document.querySelectorAll('#rows > tr')].map(r => r.id)")
    return ids


def test_alice_signs_in_reads_the_list_and_opens_an_alert(opened: Opener, story: Story) -> None:
    page = opened().page
    expect(page.locator("#rows tr")).to_have_count(60)
    expect(page.locator("#state")).to_have_text("Live")
    row = page.locator("#rows tr", has_text="rejected").first
    row.click()
    panel = page.locator("#panel")
    expect(panel.get_by_text("The broker refused: Not enough margin").first).to_be_visible()
    expect(panel.get_by_text("Rejected by the broker")).to_be_visible()
    expect(row).to_have_class("open")
    page.reload()
    expect(panel.get_by_text("Rejected by the broker")).to_be_visible()
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#rows tr")).to_have_count(ALERTS - 60)
    page.get_by_role("link", name="Back to the newest").click()
    expect(page.locator("#state")).to_have_text("Live")


def test_everything_can_be_done_by_keyboard(opened: Opener, story: Story) -> None:
    page = opened().page
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("Filled 0.1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit?q=Filled+0.1")
    expect(page.locator("#rows tr .pill", has_text="filled").first).to_be_visible()
    shown = row_ids(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert focused_row(page) == shown[1]
    page.keyboard.press("ArrowUp")
    assert focused_row(page) == shown[0]
    page.keyboard.press("Enter")
    expect(page.locator("#panel article")).to_be_visible()
    expect(page.locator("#rows tr").first).to_have_class("open")
    page.locator("#panel summary").first.focus()
    page.keyboard.press("Escape")
    assert focused_row(page) == shown[0]
    page.keyboard.press("End")
    assert focused_row(page) == shown[-1]
    page.get_by_role("link", name="Search Filled 0.1").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit")
    expect(page.locator("#rows tr")).to_have_count(60)


def test_one_row_is_in_the_tab_order_and_focus_is_seen(opened: Opener, story: Story) -> None:
    page = opened().page
    assert page.locator("#rows a[tabindex='0']").count() == 1
    page.keyboard.press("ArrowDown")
    outline = page.locator("#rows tr").first.evaluate("r => getComputedStyle(r).outlineStyle")
    assert outline == "solid"
    reason = page.locator("#rows tr", has_text="needs review").first.locator("a")
    reason.focus()
    full = page.locator("#rows .reason.cut > span")
    expect(full).to_be_visible()
    assert full.evaluate("s => s.scrollWidth <= s.clientWidth")


def test_the_list_can_be_filtered_by_a_window_in_the_viewers_zone(
    opened: Opener, story: Story
) -> None:
    page = opened().page
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    local = page.evaluate(
        "iso => { const d = new Date(iso);"
        " return new Date(d - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16); }",
        (now - timedelta(hours=1)).isoformat(),
    )
    page.get_by_label("From").fill(local)
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/audit?from=*")
    expect(page.locator(".chips li")).to_have_count(1)
    assert page.get_by_label("From").input_value() == local


def test_new_rows_arrive_and_changed_ones_change_in_place(
    opened: Opener, story: Story, served: Served
) -> None:
    page = opened().page
    page.keyboard.press("ArrowDown")
    held = focused_row(page)
    new = add_execution(served, story, "EURNOK", Status.SENDING)
    row = page.locator(f"#row-{new.public_id}")
    expect(row.locator(".pill")).to_have_text("sending", timeout=8000)
    assert row_ids(page)[0] == f"row-{new.public_id}"
    assert focused_row(page) == held
    row.click()
    expect(page.locator("#panel").get_by_text("sending", exact=True).first).to_be_visible()
    move(served, new, Status.FILLED, Event.EXECUTION_FILLED)
    expect(row.locator(".pill")).to_have_text("filled", timeout=8000)
    expect(page.locator("#panel").get_by_text("It became filled.").first).to_be_visible()
    assert focused_row(page) == f"row-{new.public_id}"
    assert row_ids(page).count(f"row-{new.public_id}") == 1


def wait_scrolled(page: Page) -> None:
    """Until the wheel has had its effect; asked from outside, for the page allows no eval."""
    deadline = time.monotonic() + 5
    while page.evaluate("() => window.scrollY") <= 500:
        assert time.monotonic() < deadline, "the page did not scroll"
        page.wait_for_timeout(20)


def test_what_is_being_read_stays_where_it_is(opened: Opener, story: Story, served: Served) -> None:
    page = opened().page
    page.mouse.wheel(0, 900)
    wait_scrolled(page)
    watched = page.locator("#rows tr").nth(35)
    key = watched.get_attribute("id")
    before = watched.bounding_box()
    add_execution(served, story, "EURNOK", Status.FILLED)
    expect(page.locator("#rows tr").first).to_contain_text("EURNOK", timeout=8000)
    after = page.locator(f"#{key}").bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) <= 1


def test_a_pause_holds_new_rows_back(opened: Opener, story: Story, served: Served) -> None:
    page = opened().page
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Paused: new rows wait")
    add_execution(served, story, "EURNOK", Status.FILLED)
    page.wait_for_timeout(3000)
    expect(page.locator("#rows")).not_to_contain_text("EURNOK")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#rows tr").first).to_contain_text("EURNOK", timeout=4000)


def test_a_filter_keeps_other_rows_out(opened: Opener, story: Story, served: Served) -> None:
    page = opened("/audit?symbol=EURNOK").page
    expect(page.get_by_text("No alert matches these filters")).to_be_visible()
    add_execution(served, story, "EURSEK", Status.FILLED)
    mine = add_execution(served, story, "EURNOK", Status.FILLED)
    expect(page.locator("#rows tr")).to_have_count(1, timeout=8000)
    assert row_ids(page) == [f"row-{mine.public_id}"]
    expect(page.get_by_text("No alert matches these filters")).to_be_hidden()


def test_a_list_that_gets_no_answer_says_how_old_it_is(opened: Opener, story: Story) -> None:
    seen = opened()
    seen.expected += ["net::ERR_FAILED", "htmx:"]
    seen.page.route("**/audit/news*", lambda route: route.abort())
    expect(seen.page.locator("#state")).to_contain_text("last answer", timeout=12_000)
    seen.page.unroute("**/audit/news*")
    expect(seen.page.locator("#state")).to_have_text("Live", timeout=8000)


def test_an_alert_that_cannot_be_read_says_so(opened: Opener, story: Story) -> None:
    seen = opened()
    seen.expected += ["net::ERR_FAILED", "htmx:"]
    seen.page.route("**/alerts/*", lambda route: route.abort())
    seen.page.locator("#rows tr").first.click()
    expect(seen.page.locator("#panel")).to_contain_text("could not be read")
    seen.page.unroute("**/alerts/*")
    seen.page.keyboard.press("Enter")
    expect(seen.page.locator("#panel article")).to_be_visible()


def test_a_list_that_is_signed_out_says_so(opened: Opener, story: Story) -> None:
    seen = opened()
    seen.expected += ["401", "htmx:"]
    seen.page.context.clear_cookies()
    expect(seen.page.locator("#state")).to_contain_text("Signed out", timeout=8000)


def test_hostile_text_does_nothing_in_a_browser(opened: Opener, served: Served) -> None:
    with served.database.transaction() as db:
        hook = make_hook(db, served.people.alice, name=HOSTILE)
        signal = Signal(Action.BUY, HOSTILE, comment=HOSTILE)
        alert = make_alert(
            db, hook, signal=signal, body=HOSTILE, received_at=datetime.now(UTC), status="refused",
            reason=HOSTILE,
        )  # fmt: skip
    page = opened("/audit?q=alert").page
    page.locator("#rows tr").first.click()
    expect(page.locator("#panel").get_by_text(HOSTILE).first).to_be_visible()
    page.goto(f"/alerts/{alert.public_id}")
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.locator("article img, article script").count() == 0


def test_the_theme_follows_the_system_until_one_is_chosen(opened: Opener, story: Story) -> None:
    page = opened(theme="dark").page
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "light")


def test_thirty_rows_fit_a_laptop(opened: Opener, story: Story) -> None:
    page = opened().page
    row = page.locator("#rows tr").nth(3).bounding_box()
    head = page.locator(".log thead").bounding_box()
    assert row is not None
    assert head is not None
    assert row["height"] == 28
    assert (LAPTOP[1] - head["height"]) // row["height"] >= 30
    page.mouse.wheel(0, 700)
    wait_scrolled(page)
    stuck = page.locator(".log thead th").first.bounding_box()
    assert stuck is not None
    assert stuck["y"] == 0


def test_on_a_phone_nothing_is_cut(opened: Opener, story: Story) -> None:
    page = opened(size=PHONE).page
    expect(page.locator("#rows tr")).to_have_count(60)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    cut = page.evaluate(
        "[...document.querySelectorAll('.log th, .log td')]"
        ".filter(c => c.offsetParent && c.scrollWidth > c.clientWidth).map(c => c.innerText)"
    )
    assert cut == []
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Account")).to_be_visible()
    page.locator("#rows tr").first.click()
    page.wait_for_url("**/alerts/*")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    page.keyboard.press("Escape")
    page.wait_for_url("**/audit")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_axe_finds_nothing(size: tuple[int, int], theme: str, opened: Opener, story: Story) -> None:
    stranger = opened("/sign-in", size, theme, signed_in=False)
    assert_accessible(stranger.page)
    seen = opened("/audit?window=all", size, theme)
    page = seen.page
    assert_accessible(page)
    alert = page.locator("#rows tr", has_text="needs review").first.get_attribute("data-alert")
    page.goto(f"/audit?open={alert}&status=needs_review")
    assert_accessible(page)
    page.goto(f"/alerts/{alert}")
    for folded in page.locator("summary").all():
        folded.click()
    assert_accessible(page)
    page.goto("/audit?q=nothing%20has%20this")
    assert_accessible(page)
    seen.expected.append("404")
    page.goto("/nothing")
    assert_accessible(page)


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
