// Reviewing with the mouse: a click on a line's number brings the form for a remark to that line.
"use strict";

const remark = document.getElementById("remark");

if (remark) {
  const home = document.createComment("");
  const line = document.getElementById("line");
  const place = document.getElementById("place");
  const text = document.getElementById("text");
  const row = document.createElement("tr");
  const cell = row.insertCell();
  cell.colSpan = 2;
  remark.before(home);

  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = remark.dataset.click;
  remark.querySelector("legend").after(hint);

  for (const table of document.querySelectorAll("table.listing[data-place]")) {
    table.classList.add("clickable");
    table.addEventListener("click", (event) => {
      const target = event.target.closest("tr[data-line] > th");
      if (!target) return;
      line.value = target.parentElement.dataset.line;
      if (place) place.value = table.dataset.place;
      cell.append(remark);
      target.parentElement.after(row);
      text.focus({ preventScroll: true });
    });
  }

  // Escape puts the form back to its place; what was typed stays.
  remark.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !row.isConnected) return;
    home.after(remark);
    row.remove();
  });
}
