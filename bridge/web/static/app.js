// Bridge's own behaviour: times, theme, keyboard, live rows, the open alert. Works on what the
// server has rendered; every page can be read and used without it.
(() => {
  "use strict";

  const $ = (id) => document.getElementById(id);
  const STALE_AFTER = 6; // seconds without an answer
  const MOST_ROWS = 600; // what a page left open keeps
  const beside = window.matchMedia("(min-width: 1200px)");

  // --- times in the viewer's zone ---------------------------------------------------------

  const two = (n) => String(n).padStart(2, "0");
  const month = new Intl.DateTimeFormat("en", { month: "short" });
  const day = (when) => `${when.getDate()} ${month.format(when)}`;
  const clock = (when) => [when.getHours(), when.getMinutes(), when.getSeconds()].map(two).join(":");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  const inList = (when) => {
    if (when.toDateString() === new Date().toDateString()) return clock(when);
    return `${day(when)} ${clock(when).slice(0, 5)}`;
  };
  const inFull = (when) =>
    `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ${clock(when)}` +
    `.${String(when.getMilliseconds()).padStart(3, "0")}`;

  const localise = (root) => {
    for (const time of root.querySelectorAll("time[data-show]")) {
      const when = new Date(time.dateTime);
      time.title = `${time.dateTime} · ${zone}`;
      time.textContent = time.dataset.show === "clock" ? inList(when) : inFull(when);
    }
  };

  // The date fields speak the viewer's zone, the address speaks UTC.
  const forms = () => {
    const form = $("filters");
    if (!form) return;
    for (const label of form.querySelectorAll(".zone")) label.textContent = "";
    for (const field of form.querySelectorAll("[data-utc]")) {
      const when = new Date(field.dataset.utc);
      field.value = `${inFull(when).slice(0, 10)}T${clock(when).slice(0, 5)}`;
    }
    form.addEventListener("formdata", (event) => {
      for (const [name, value] of [...event.formData]) {
        const field = form.elements.namedItem(name);
        if (value === "") event.formData.delete(name);
        else if (field.type === "datetime-local") {
          const unchanged = field.dataset.utc && field.value === field.defaultLocal;
          event.formData.set(name, unchanged ? field.dataset.utc : new Date(value).toISOString());
        }
      }
      if (event.formData.has("from") || event.formData.has("to")) event.formData.delete("window");
      if (event.formData.get("window") === "24h") event.formData.delete("window");
    });
    for (const field of form.querySelectorAll("[data-utc]")) field.defaultLocal = field.value;
    for (const field of form.querySelectorAll("[type=datetime-local]")) {
      field.addEventListener("input", () => delete field.dataset.utc);
    }
    const fold = $("fold");
    const folded = (yes) => {
      form.classList.toggle("folded", yes);
      fold.setAttribute("aria-expanded", String(!yes));
    };
    form.classList.add("foldable");
    fold.hidden = false;
    folded(true);
    fold.addEventListener("click", () => folded(!form.classList.contains("folded")));
    // choosing a named window means that window, not the dates beside it
    $("window").addEventListener("change", () => {
      for (const field of form.querySelectorAll("[type=datetime-local]")) field.value = "";
    });
  };

  // --- theme ------------------------------------------------------------------------------

  const theme = () => {
    const button = $("theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      const root = document.documentElement;
      const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
      root.setAttribute("data-bs-theme", next);
      try {
        window.localStorage.setItem("theme", next);
      } catch {
        // storage may be switched off: the choice lasts as long as the page
      }
    });
  };

  // --- the open alert ---------------------------------------------------------------------

  const rows = $("rows");
  const panel = $("panel");
  const address = new URL(window.location.href);
  const opened = () => panel?.querySelector("article")?.dataset.alert;

  const markOpen = () => {
    for (const row of rows.children) row.classList.toggle("open", row.dataset.alert === opened());
  };

  const remember = (alert) => {
    if (alert) address.searchParams.set("open", alert);
    else address.searchParams.delete("open");
    window.history.replaceState(null, "", address);
  };

  const load = (alert) => {
    panel.classList.add("loading");
    panel.setAttribute("aria-busy", "true");
    return htmx
      .ajax("GET", `/alerts/${alert}`, { target: panel, swap: "innerHTML", source: panel })
      .catch(() => {}) // no answer at all: whoever asked sees that the alert is not there
      .then(() => {
        panel.classList.remove("loading");
        panel.removeAttribute("aria-busy");
        return opened() === alert;
      });
  };

  const sayFailed = () => {
    const words = document.createElement("p");
    words.className = "notice bad";
    words.textContent = "This alert could not be read. Press Enter on its row to try again.";
    panel.replaceChildren(words);
  };

  const open = (row) => {
    if (!beside.matches) {
      window.location.assign(row.querySelector("a").href);
      return;
    }
    const alert = row.dataset.alert;
    row.querySelector("a").focus({ preventScroll: true });
    load(alert).then((read) => {
      if (!read) sayFailed();
      panel.scrollTop = 0;
      remember(read ? alert : null);
      markOpen();
    });
  };

  // --- keyboard ---------------------------------------------------------------------------

  const focused = () => document.activeElement?.closest?.("#rows > tr");

  const focus = (row) => {
    if (!row) return;
    row.querySelector("a").focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  // One row is in the tab order; the arrows move which.
  const settle = (row) => {
    for (const link of rows.querySelectorAll("th a[tabindex='0']")) link.tabIndex = -1;
    const link = (row || rows.firstElementChild)?.querySelector("a");
    if (link) link.tabIndex = 0;
  };

  const moves = {
    ArrowDown: (row) => (row ? row.nextElementSibling : rows.firstElementChild),
    ArrowUp: (row) => row?.previousElementSibling,
    Home: (row) => row && rows.firstElementChild,
    End: (row) => row && rows.lastElementChild,
  };

  const typing = (target) => target.matches("input, select, textarea, [contenteditable]");

  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") escape(event);
    else if (typing(event.target) || !rows) return;
    else if (event.key === "/") {
      event.preventDefault();
      $("q").focus();
      $("q").select();
    } else if (event.key in moves && !event.target.closest("pre, #panel, summary")) {
      event.preventDefault();
      focus(moves[event.key](focused()));
    }
  };

  const escape = (event) => {
    const back = $("back");
    if (back) {
      back.click();
      return;
    }
    if (!rows) return;
    const inField = typing(event.target);
    if (inField) event.target.blur();
    const row = [...rows.children].find((r) => r.dataset.alert === opened());
    focus(focused() || row || rows.firstElementChild);
  };

  const list = () => {
    for (const link of rows.querySelectorAll("th a")) link.tabIndex = -1;
    settle();
    rows.addEventListener("focusin", (event) => settle(event.target.closest("tr")));
    rows.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (window.getSelection().toString()) return;
      event.preventDefault();
      open(event.target.closest("tr"));
    });
    const cut = (event) => {
      const cell = event.target.closest("tr")?.querySelector(".reason");
      const text = cell?.firstElementChild;
      if (text && text.scrollWidth > text.clientWidth) cell.classList.add("cut");
    };
    const uncut = (event) => {
      const row = event.target.closest("tr");
      const stays = row.contains(event.relatedTarget) || row.contains(document.activeElement);
      if (event.type === "focusout" || !stays) row.querySelector(".reason").classList.remove("cut");
    };
    for (const kind of ["focusin", "mouseover"]) rows.addEventListener(kind, cut);
    for (const kind of ["focusout", "mouseout"]) rows.addEventListener(kind, uncut);
  };

  // --- live rows --------------------------------------------------------------------------

  const live = $("live");
  let answered = Date.now();
  let paused = false;
  let gone = false; // signed out: nothing more will come
  let touched = true;

  const place = (row) => {
    const old = $(row.id);
    if (old) return replace(old, row);
    if ("unfit" in row.dataset) return;
    const next = [...rows.children].find((r) => r.dataset.at < row.dataset.at);
    if (!next && $("older")) return; // it belongs on an older page
    row.classList.add("fresh");
    for (const link of row.querySelectorAll("th a")) link.tabIndex = -1;
    rows.insertBefore(row, next || null);
  };

  const replace = (old, row) => {
    if (old.dataset.mark === row.dataset.mark) return;
    const kept = old === focused() || old.dataset.alert === opened();
    if ("unfit" in row.dataset && !kept) {
      old.remove();
      return;
    }
    const focus = old === focused();
    const tab = old.querySelector("a").tabIndex;
    row.classList.add("fresh");
    row.querySelector("a").tabIndex = tab;
    old.replaceWith(row);
    if (focus) row.querySelector("a").focus({ preventScroll: true });
  };

  const take = (text) => {
    const told = new DOMParser().parseFromString(text, "text/html").getElementById("news");
    const before = document.documentElement.scrollHeight;
    const reading = window.scrollY > rows.getBoundingClientRect().top + window.scrollY;
    const fresh = [...told.content.querySelectorAll("tr")];
    for (const row of fresh) {
      localise(row);
      place(row);
    }
    while (rows.children.length > MOST_ROWS) rows.lastElementChild.remove();
    // what is being read stays where it is
    const grown = document.documentElement.scrollHeight - before;
    if (reading && grown > 0) window.scrollBy({ top: grown, behavior: "instant" });
    $("empty").hidden = rows.children.length > 0;
    markOpen();
    const alert = opened();
    if (alert && fresh.some((row) => row.dataset.alert === alert)) renew(alert);
  };

  // The open alert has changed: read it again, and leave the eye and the hand where they are.
  const renew = (alert) => {
    const top = panel.scrollTop;
    const unfolded = [...panel.querySelectorAll("details")].map((d) => d.open);
    load(alert).then(() => {
      panel.scrollTop = top;
      [...panel.querySelectorAll("details")].forEach((d, i) => {
        if (unfolded[i]) d.open = true;
      });
    });
  };

  const say = () => {
    const state = $("state");
    const age = Math.round((Date.now() - answered) / 1000);
    const stale = !paused && !document.hidden && age >= STALE_AFTER;
    state.classList.toggle("on", !paused && !stale && !gone);
    state.classList.toggle("stale", stale || gone);
    let words = "Live";
    if (gone) words = "Signed out: load the page again";
    else if (paused) words = "Paused: new rows wait";
    else if (stale) words = `No answer; last answer ${age} s ago, still asking`;
    if (state.textContent !== words) state.textContent = words;
  };

  const watch = () => {
    $("pause").hidden = false;
    say();
    $("pause").addEventListener("click", (event) => {
      paused = !paused;
      event.target.setAttribute("aria-pressed", String(paused));
      event.target.textContent = paused ? "Go on" : "Pause";
      if (!paused) htmx.trigger(live, "bridge:now");
      say();
    });
    live.addEventListener("htmx:beforeRequest", (event) => {
      if (document.hidden || paused || gone) event.preventDefault();
    });
    live.addEventListener("htmx:configRequest", (event) => {
      event.detail.headers["Bridge-Present"] = touched ? "yes" : "no";
      touched = false;
    });
    live.addEventListener("htmx:afterRequest", (event) => {
      const { xhr } = event.detail;
      if (xhr.status === 200 || xhr.status === 204) answered = Date.now();
      if (xhr.status === 401) gone = true;
      if (xhr.status === 200) take(xhr.responseText);
      say();
    });
    document.addEventListener("visibilitychange", () => {
      answered = Date.now();
      if (!document.hidden) htmx.trigger(live, "bridge:now");
    });
    for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      document.addEventListener(kind, () => (touched = true), { passive: true });
    }
    window.setInterval(say, 1000);
  };

  localise(document);
  theme();
  forms();
  document.addEventListener("keydown", keys);
  document.addEventListener("htmx:afterSwap", (event) => localise(event.detail.target));
  if (rows) {
    list();
    if (opened()) markOpen();
  }
  if (live) watch();
})();
