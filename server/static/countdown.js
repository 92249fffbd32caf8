// Deadlines: how long still, kept current, and the reader's own time where it differs from the portal's.
"use strict";

(() => {
  const language = document.documentElement.lang;
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const SIZES = [["day", DAY], ["hour", HOUR], ["minute", MINUTE], ["second", SECOND]];

  const all = (selector) => [...document.querySelectorAll(selector)];
  // The reader's clock may be wrong; the portal's counts.
  const said = document.querySelector("[data-now]")?.dataset.now;
  const skew = said ? new Date(said) - Date.now() : 0;

  function span(length) {
    // Seconds are worth reading in the last ten minutes only.
    const sizes = Math.abs(length) < 10 * MINUTE ? SIZES : SIZES.slice(0, 3);
    const first = Math.min(sizes.findIndex(([, size]) => length >= size) >>> 0, sizes.length - 1);
    let rest = length;
    const parts = [];
    for (const [unit, size] of sizes.slice(first, first + 2)) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count || (!parts.length && unit === sizes.at(-1)[0])) parts.push(format(count, unit));
    }
    return parts.join(" ");
  }

  function format(count, unit) {
    return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);
  }

  function tick() {
    const now = Date.now() + skew;
    for (const element of all("[data-until]")) {
      const left = new Date(element.dataset.until) - now;
      const pattern = left > 0 ? element.dataset.future : element.dataset.past;
      const text = `(${pattern.replace("{time}", span(Math.abs(left)))})`;
      if (element.textContent !== text) element.textContent = text;
    }
    for (const element of all("[data-changes]")) {
      if (element.hidden && new Date(element.dataset.changes) <= now) element.hidden = false;
    }
  }

  const own = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

  function localise() {
    for (const time of all("time[data-local]")) {
      const when = new Date(time.dateTime);
      if (when.getTimezoneOffset() === Number(time.dataset.offset)) continue;
      const note = document.createElement("span");
      note.className = "own";
      note.textContent = ` = ${time.dataset.local.replace("{time}", own.format(when))}`;
      time.append(note);
      delete time.dataset.local;
    }
  }

  function look() {
    localise();
    tick();
  }

  look();
  setInterval(tick, SECOND);
  document.addEventListener("swapped", look);
})();
