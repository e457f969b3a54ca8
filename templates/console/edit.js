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

/** Selects what stands at a line and column of a field, which keeps its value. */
export function place(field, line, column, length) {
  const lines = field.value.split("\n");
  const at = Math.min(line, lines.length) - 1;
  const before = lines.slice(0, at).reduce((sum, text) => sum + text.length + 1, 0);
  const start = before + [...lines[at]].slice(0, column - 1).join("").length;
  field.setSelectionRange(start, start + length);
  field.scrollTop = (at - 5) * (field.scrollHeight / lines.length);
}

// A diagnostic leads to its place.
document.addEventListener("click", (event) => {
  const goes = event.target.closest?.("[data-goes]");
  const field = goes && document.querySelector("[data-checks]");
  if (!field) return;
  field.focus();
  place(field, Number(goes.dataset.line), Number(goes.dataset.column), 1);
});
