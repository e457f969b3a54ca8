// Live pages: the server says that something has changed, and the part that shows it is asked for again.
import { arrived, fetched } from "./console.js";

let source = null;
let isBusy = false;
let isStale = false;

/** Begins to watch what the page shows, if it may change by itself. */
export function live() {
  watch();
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : watch()));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", watch);
}

function marker() {
  return document.querySelector("[data-live]");
}

function stop() {
  // Browsers keep few connections to a server: a page that nobody sees gives its own back.
  source?.close();
  source = null;
}

function watch() {
  const place = marker();
  if (source || document.hidden || !place?.dataset.live) return;
  source = new EventSource(place.dataset.live);
  const heard = (event) => {
    if (event.type === "end") stop();
    if (marker()?.dataset.key !== event.data) refresh();
  };
  source.addEventListener("change", heard);
  source.addEventListener("end", heard);
}

async function refresh() {
  if (isBusy) {
    isStale = true;
    return;
  }
  isBusy = true;
  try {
    do {
      isStale = false;
      await replace();
    } while (isStale);
  } catch {
    // The next change tries again; a page that is loaded again says what is wrong.
  } finally {
    isBusy = false;
  }
}

async function replace() {
  const { part, into } = marker().dataset;
  const place = document.getElementById(into);
  const address = new URL(part, location.href);
  const here = new URL(location.href).searchParams;
  // What was chosen meanwhile stays chosen.
  for (const name of ["state", "visit", "event", "page", "q", "order", "idle", "number", "status", "whole", "at", "fold"]) {
    if (here.has(name)) address.searchParams.set(name, here.get(name));
    else address.searchParams.delete(name);
  }
  const body = await fetched(address);
  const scrolled = new Map();
  for (const name of [".graph", ".detail", ".scroll"]) {
    const element = place.querySelector(name);
    if (element) scrolled.set(name, [element.scrollLeft, element.scrollTop]);
  }
  // Nobody loses what they are typing, what it was answered with, or where they are.
  const typing = document.activeElement?.closest?.("input, textarea, details[open] form");
  const detail = place.querySelector("#detail");
  if (detail?.contains(typing ?? null) || detail?.querySelector("details[open] form")) body.querySelector("#detail")?.replaceWith(detail);
  const focused = document.activeElement?.dataset?.state;
  const isScrubbing = document.activeElement?.matches?.("[data-scrubs] input");
  place.replaceChildren(...body.childNodes);
  arrived(place);
  for (const [name, [left, top]] of scrolled) {
    const element = place.querySelector(name);
    if (element) [element.scrollLeft, element.scrollTop] = [left, top];
  }
  if (isScrubbing) place.querySelector("[data-scrubs] [type=range]")?.focus();
  if (focused) place.querySelector(`.state[data-state="${CSS.escape(focused)}"]`)?.focus();
}
