// Keeps a part of a page current: asks for the page again and exchanges that part. It can be paused.
"use strict";

(() => {
  const part = document.querySelector("[data-refresh]");
  if (!part) return;
  const box = document.getElementById("refresh");
  const words = box.dataset;
  const seconds = Number(part.dataset.refresh);
  let isPaused = false;

  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet";
  button.textContent = words.pause;
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? words.goOn : words.pause;
    if (!isPaused) look();
  });
  box.append(button);

  async function look() {
    if (isPaused || document.hidden) return;
    let page;
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      // Logged out meanwhile: the page says so when it is loaded anew.
      if (response.redirected) return location.reload();
      if (!response.ok) return;
      page = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      return; // the portal does not answer; it is asked again soon
    }
    const fresh = page.querySelector("[data-refresh]");
    // Whoever reads or selects something there is not disturbed, nor is the place of the focus lost.
    if (!fresh || part.contains(document.activeElement) || !getSelection().isCollapsed) return;
    part.replaceChildren(...fresh.childNodes);
    document.dispatchEvent(new CustomEvent("swapped"));
  }

  setInterval(look, seconds * 1000);
})();
