// The search finds as you type: it asks the server for what its form would show, and puts that in the old one's place.
"use strict";

(() => {
  const form = document.querySelector("form[data-search]");
  if (!form) return;
  // A wide map begins where the student is.
  function centre() {
    const next = document.querySelector(".map .next rect");
    const frame = next?.closest(".scroll");
    if (!frame) return;
    const gap = next.getBoundingClientRect().left - frame.getBoundingClientRect().left;
    frame.scrollLeft += gap - frame.clientWidth / 3;
  }
  centre();

  const field = form.querySelector('input[type="search"]');
  let timer = 0;
  let asked = 0;

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 200);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    find();
  });

  async function find() {
    const mine = ++asked;
    const address = new URL(form.action);
    if (field.value.trim()) address.searchParams.set("q", field.value);
    try {
      const response = await fetch(address);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const found = page.querySelector(form.dataset.search);
      if (mine !== asked) return; // something else was typed meanwhile
      if (!response.ok || !found) throw new Error();
      show(found);
      history.replaceState(null, "", address);
    } catch {
      if (mine === asked) location.assign(address);
    }
  }

  function show(found) {
    const old = document.querySelector(form.dataset.search);
    // The status line stays the same element, so that screen readers hear what changes in it.
    const [before, after] = [old, found].map((each) => each.querySelector("[role=status]"));
    if (before && after) {
      before.replaceChildren(...after.childNodes);
      after.replaceWith(before);
    }
    old.replaceChildren(...found.childNodes);
    centre();
    document.dispatchEvent(new Event("swapped"));
  }
})();
