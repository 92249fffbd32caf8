// Makes pages better where there is a script; everything works without it.
"use strict";

const language = document.documentElement.lang;

// Times in the reader's own zone; deadlines keep the portal's, and countdown.js says both.
const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
function localise() {
  for (const time of document.querySelectorAll("time[datetime]:not([title], [data-deadline])")) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}
localise();
// A page that exchanges its content says so.
document.addEventListener("swapped", localise);

// What is wider than the page can be scrolled with the keyboard, too.
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const wide of document.querySelectorAll(".statement .math.block, .statement table")) watcher.observe(wide);

// A form is sent once; the server also recognises a second click.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  // "Back" may show the page as it was left.
  window.addEventListener("pageshow", () => delete form.dataset.sent);
}

// Where tabs are wider than the page, the one that is open is in sight.
const openTab = document.querySelector(".tabs [aria-current]");
if (openTab) openTab.parentElement.scrollLeft = openTab.offsetLeft - openTab.parentElement.offsetLeft - 32;
