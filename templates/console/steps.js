// A template's steps, one after the other: where each stands in the template, and what the variables are then.
import { place } from "./edit.js";

function go(steps, way) {
  const rows = [...steps.querySelectorAll("tbody tr")];
  const now = rows.findIndex((row) => row.getAttribute("aria-current"));
  const to = { first: 0, back: Math.max(now - 1, 0), forward: Math.min(now + 1, rows.length - 1), last: rows.length - 1 }[way];
  rows[now]?.removeAttribute("aria-current");
  const row = rows[to];
  row.setAttribute("aria-current", "step");
  row.scrollIntoView({ block: "nearest" });
  steps.querySelector("[data-step-says]").textContent = `Step ${to + 1} of ${rows.length}`;
  const values = new Map();
  for (const { dataset } of rows.slice(0, to + 1)) if (dataset.variable) values.set(dataset.variable, dataset.value);
  const watched = steps.querySelector(".watched");
  watched.replaceChildren(...[...values].map(([name, value]) => {
    const pair = document.createElement("div");
    for (const [tag, text] of [["dt", name], ["dd", value]]) pair.append(Object.assign(document.createElement(tag), { textContent: text }));
    pair.classList.toggle("changed", row.dataset.variable === name);
    return pair;
  }));
  const field = document.getElementById("stepped");
  if (field) place(field, Number(row.dataset.line), Number(row.dataset.column), row.querySelector("code").textContent.length);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-step]");
  if (button) go(button.closest("[data-steps]"), button.dataset.step);
});
