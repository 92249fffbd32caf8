// The page of a submission: it follows the grading, shows the report in its own place, and copies texts.
"use strict";

(() => {
  // What happened, for screen readers: it stays when the page's content is exchanged.
  const voice = document.createElement("p");
  voice.className = "visually-hidden";
  voice.setAttribute("role", "status");
  document.body.append(voice);

  follow();
  document.addEventListener("swapped", () => addCopyButtons());
  addCopyButtons();

  function follow() {
    const section = document.querySelector("[data-state]");
    if (section && window.EventSource) listen(section);
    else if (section) poll(section, 500);
  }

  // What this part of the page tells of has its report: processors' tests, or then those on a GPU.
  function isOver(section, state) {
    return !state.is_open || state.part !== section.dataset.part;
  }

  // The server's events. A browser comes back by itself when a stream ends; when none gets through, ask instead.
  function listen(section) {
    const source = new EventSource(section.dataset.events);
    const giveUp = () => {
      source.close();
      poll(section, 500);
    };
    // Some proxies hold a stream back until its end.
    const silence = setTimeout(giveUp, 8000);
    source.onmessage = (message) => {
      clearTimeout(silence);
      const state = JSON.parse(message.data);
      if (isOver(section, state)) source.close();
      show(section, state);
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(silence);
      giveUp();
    };
  }

  // Ask, show, ask again, more slowly when nothing changes, and not before the portal wants it.
  function poll(section, pause, last = "", least = 0) {
    setTimeout(async () => {
      let now = last;
      try {
        const response = await fetch(section.dataset.state, { headers: { Accept: "application/json" } });
        if (response.redirected) return location.reload();
        if (response.ok) now = await response.text();
        if (now !== last) {
          const state = JSON.parse(now);
          least = 1000 * state.pause;
          show(section, state);
          if (isOver(section, state)) return;
        }
      } catch {
        // The connection comes and goes; the next round asks again.
      }
      poll(section, Math.max(now === last ? Math.min(pause * 1.3, 3000) : 500, least), now, least);
    }, pause);
  }

  function show(section, state) {
    if (isOver(section, state)) return swap(state);
    setText(section.querySelector(".summary"), state.summary);
    const badge = document.querySelector(".lead .state");
    badge.className = `state ${state.state}`;
    setText(badge, state.word);
    const bar = section.querySelector("progress");
    if (state.total) {
      bar.max = state.total;
      bar.value = state.done;
    } else bar.removeAttribute("value");
    const obstacle = section.querySelector(".obstacle");
    setText(obstacle, state.obstacle);
    obstacle.hidden = !state.obstacle;
    const list = section.querySelector(".tests");
    // Grading may have started over: then there are fewer than before.
    if (list.children.length > state.tests.length) list.replaceChildren();
    list.append(...state.tests.slice(list.children.length).map(line));
    const trainings = section.querySelector(".trainings");
    if (trainings.dataset.shown !== state.curves) trainings.innerHTML = trainings.dataset.shown = state.curves;
  }

  // Only what differs is written: screen readers read every change of a status.
  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
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

  // It is graded: exchange the content, so that neither the place on the page nor the focus is lost.
  async function swap(state) {
    let page;
    try {
      const response = await fetch(state.page, { headers: { Accept: "text/html" } });
      if (response.redirected || !response.ok) return location.reload();
      page = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      return location.reload();
    }
    const main = document.getElementById("main");
    const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const top = window.scrollY;
    main.replaceChildren(...page.getElementById("main").childNodes);
    document.title = page.title;
    window.scrollTo({ top, behavior: "instant" });
    if (focused) [...main.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
    const parts = [main.querySelector(".total"), main.querySelector("#tests")];
    voice.textContent = [state.summary, ...parts.map((part) => part?.textContent.trim())].filter(Boolean).join(" ");
    main.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
    follow();
  }

  function addCopyButtons() {
    const words = document.getElementById("copy-words")?.dataset;
    for (const box of words ? document.querySelectorAll("[data-copy]") : []) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = words.copyWord;
      button.addEventListener("click", async () => {
        await copy(box.querySelector("pre"));
        button.textContent = voice.textContent = words.copiedWord;
        setTimeout(() => (button.textContent = words.copyWord), 2000);
      });
      box.prepend(button);
      box.removeAttribute("data-copy");
    }
  }

  // Browsers have the clipboard only where the connection is encrypted; selecting and copying works everywhere.
  async function copy(element) {
    if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
    getSelection().selectAllChildren(element);
    document.execCommand("copy");
  }
})();
