// The graph: zoom, moving it about, and states that open their details.
import { arrived, detail, fetched } from "./console.js";

// Zoom stays when a live page is drawn again.
let zoom = null;

function fit(graph, svg) {
  const room = graph.clientWidth - 18;
  const wanted = svg.viewBox.baseVal.width;
  return Math.min(1, Math.max(0.3, room / wanted));
}

function apply(graph, svg) {
  const by = zoom ?? fit(graph, svg);
  const before = svg.width.baseVal.value / svg.viewBox.baseVal.width;
  const middle = [graph.scrollLeft + graph.clientWidth / 2, graph.scrollTop + graph.clientHeight / 2].map((at) => (at / before) * by);
  svg.setAttribute("width", svg.viewBox.baseVal.width * by);
  svg.setAttribute("height", svg.viewBox.baseVal.height * by);
  // What was in the middle stays there.
  graph.scrollLeft = middle[0] - graph.clientWidth / 2;
  graph.scrollTop = graph.scrollTop && middle[1] - graph.clientHeight / 2;
}

/** Where the execution began is in sight. */
function begin(graph, svg) {
  const start = svg.querySelector(".terminal rect");
  if (!start) return;
  const by = svg.width.baseVal.value / svg.viewBox.baseVal.width;
  graph.scrollLeft = (start.x.baseVal.value + start.width.baseVal.value / 2) * by - graph.clientWidth / 2;
  graph.scrollTop = 0;
}

function openState(state) {
  const chooses = document.querySelector("[data-chooses]");
  if (chooses) chooses.value = state.dataset.state;
  if (!document.getElementById("detail")) return;
  const url = new URL(location.href);
  for (const name of ["visit", "event", "part", "whole"]) url.searchParams.delete(name);
  url.searchParams.set("state", state.dataset.state);
  detail(url);
}

function moves(graph) {
  let from = null;
  graph.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType !== "mouse") return;
    from = { x: event.clientX, y: event.clientY, left: graph.scrollLeft, top: graph.scrollTop, moved: false };
  });
  graph.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.moved && Math.abs(dx) + Math.abs(dy) < 5) return;
    from.moved = true;
    graph.classList.add("moving");
    graph.scrollLeft = from.left - dx;
    graph.scrollTop = from.top - dy;
  });
  const stop = () => {
    const moved = from?.moved;
    from = null;
    graph.classList.remove("moving");
    return moved;
  };
  graph.addEventListener("pointerleave", stop);
  graph.addEventListener("click", (event) => {
    if (stop()) return;
    const state = event.target.closest(".state");
    if (state) openState(state);
  });
  graph.addEventListener("keydown", (event) => {
    const state = event.target.closest(".state");
    if (state && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      openState(state);
    }
  });
}

/** Makes the graphs below an element work. */
export function graphs(root) {
  for (const graph of root.querySelectorAll("[data-graph]")) {
    const svg = graph.querySelector("svg");
    apply(graph, svg);
    begin(graph, svg);
    moves(graph);
    const tools = graph.parentElement.querySelector(".graph-tools");
    tools?.addEventListener("click", (event) => {
      const way = event.target.dataset.zoom;
      if (!way) return;
      const now = zoom ?? fit(graph, svg);
      zoom = way === "fit" ? null : Math.min(2, Math.max(0.2, now * (way === "in" ? 1.25 : 0.8)));
      apply(graph, svg);
    });
  }
}

/** Shows the view of another address in place of a page's. */
async function shows(address, view) {
  const url = new URL(address, location.href);
  // What is beside the view stays as it is.
  for (const name of ["state", "visit", "event"]) {
    const chosen = new URL(location.href).searchParams.get(name);
    if (chosen === null) url.searchParams.delete(name);
    else url.searchParams.set(name, chosen);
  }
  const part = new URL(url);
  part.searchParams.set("part", view.dataset.part);
  const body = await fetched(part);
  const graph = view.querySelector(".graph");
  const at = graph && [graph.scrollLeft, graph.scrollTop];
  view.replaceChildren(...body.childNodes);
  arrived(view);
  const now = view.querySelector(".graph");
  if (at && now) [now.scrollLeft, now.scrollTop] = at;
  history.replaceState(history.state, "", url);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-folds]");
  const view = link?.closest("[data-view]");
  if (!view || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  await shows(link.getAttribute("href"), view);
  view.querySelector(`[data-folds="${link.dataset.folds}"]`)?.focus();
});

// The scrubber: the view follows it, one answer at a time.
let wanted = null;
document.addEventListener("input", async (event) => {
  const form = event.target.closest?.("[data-scrubs]");
  if (!form) return;
  const isBusy = wanted !== null;
  const url = new URL(location.href);
  url.searchParams.set("at", event.target.value);
  wanted = url;
  if (isBusy) return;
  try {
    for (let next = null; next !== wanted; ) {
      next = wanted;
      await shows(next, form.parentElement.querySelector("[data-view]"));
    }
  } finally {
    wanted = null;
  }
});
