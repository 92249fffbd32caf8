// Makes pages better where there is a script; everything works without it.
"use strict";

const language = document.documentElement.lang;

// Times in the reader's own zone.
const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = time.textContent;
  time.textContent = format.format(new Date(time.dateTime));
}

// A form is sent once; the server also recognises a second click.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  // "Back" may show the page as it was left.
  window.addEventListener("pageshow", () => delete form.dataset.sent);
}

// The live state of a grading: ask, show, ask again, more slowly when nothing changes.
const live = document.querySelector("[data-state]");
if (live) watch(live, 500);

function watch(section, pause, last = "") {
  setTimeout(async () => {
    let now = last;
    try {
      const response = await fetch(section.dataset.state, { headers: { Accept: "application/json" } });
      if (response.redirected) return location.reload();
      now = await response.text();
      if (now !== last) show(section, JSON.parse(now));
    } catch {
      // The connection comes and goes; the next round asks again.
    }
    watch(section, now === last ? Math.min(pause * 1.3, 3000) : 500, now);
  }, pause);
}

function show(section, state) {
  if (!state.is_open) return location.reload();
  section.querySelector(".summary").textContent = state.summary;
  const bar = section.querySelector("progress");
  if (state.total) {
    bar.max = state.total;
    bar.value = state.done;
  }
  const list = section.querySelector(".tests");
  list.replaceChildren(...state.tests.map(line));
}

function line(test) {
  const item = document.createElement("li");
  item.className = `test ${test.verdict}`;
  for (const [name, text] of [["sign", test.sign], ["title", test.title], ["verdict", test.word]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    item.append(part);
  }
  item.firstChild.setAttribute("aria-hidden", "true");
  return item;
}
