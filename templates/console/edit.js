// The editor: a definition is checked while it is written.
import { posted } from "./console.js";

const PAUSE_MS = 300;
let soon = 0;
let n = 0;

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-checks]")) return;
  clearTimeout(soon);
  soon = setTimeout(async () => {
    const mine = ++n;
    try {
      const form = new FormData(field.form);
      await posted(field.dataset.at, form, field.dataset.checks, () => mine === n);
    } catch {
      // What is wrong is said when it is checked or saved.
    }
  }, PAUSE_MS);
});

// A diagnostic leads to its place.
document.addEventListener("click", (event) => {
  const goes = event.target.closest?.("[data-goes]");
  const field = goes && document.querySelector("[data-checks]");
  if (!field) return;
  const lines = field.value.split("\n");
  const line = Math.min(Number(goes.dataset.line), lines.length) - 1;
  const before = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  const column = [...lines[line]].slice(0, Number(goes.dataset.column) - 1).join("").length;
  field.focus();
  field.setSelectionRange(before + column, before + column + 1);
  field.scrollTop = (line - 5) * (field.scrollHeight / lines.length);
});
