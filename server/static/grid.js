// Tables marked data-grid: arrow keys, Home and End go from link to link, as in a spreadsheet.
"use strict";
for (const table of document.querySelectorAll("table[data-grid]")) {
  const rows = () => [...table.rows].map((row) => [...row.cells].map((cell) => cell.querySelector("a")));
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td, th");
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
    const grid = rows();
    let row = cell.parentElement.rowIndex;
    let column = cell.cellIndex;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    let target = null;
    if (step) {
      do {
        row += step[0];
        column += step[1];
        target = grid[row]?.[column];
      } while (!target && grid[row] && column >= 0 && column < grid[row].length);
    } else if (event.key === "Home") target = grid[row].find(Boolean);
    else if (event.key === "End") target = grid[row].findLast(Boolean);
    if (!target) return;
    event.preventDefault();
    target.focus();
  });
}
