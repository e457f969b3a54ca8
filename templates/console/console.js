// What makes pages pleasant. Every page works without it, except for dialogs and what is live.
import "./edit.js";
import { graphs } from "./graph.js";
import { live } from "./live.js";
import "./steps.js";

/** The document behind an address, as elements that run nothing. */
export async function fetched(address) {
  const response = await fetch(address, { credentials: "same-origin" });
  if (response.status === 401) {
    location.reload();
  }
  if (!response.ok) throw new Error(await saidBy(response));
  return new DOMParser().parseFromString(await response.text(), "text/html").body;
}

/** What a response that says no says. */
async function saidBy(response) {
  try {
    const said = await response.json();
    return said.message ?? said.code;
  } catch {
    return `The server answered ${response.status}.`;
  }
}

/** Times in the reader's own. */
function times(root) {
  for (const time of root.querySelectorAll("time:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.dataset.local = "";
    const two = (n) => String(n).padStart(2, "0");
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    time.textContent = `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  }
}

/** Moments are chosen in the reader's own time, and sent in UTC. */
function moments(root) {
  for (const field of root.querySelectorAll("input[type=datetime-local][name]")) {
    const sent = Object.assign(document.createElement("input"), { type: "hidden", name: field.name, value: field.value });
    const shift = (text, by) => new Date(new Date(`${text}Z`).getTime() + by * 60_000).toISOString().slice(0, 16);
    field.removeAttribute("name");
    field.after(sent);
    if (field.value) field.value = shift(field.value, -new Date(`${field.value}Z`).getTimezoneOffset());
    field.addEventListener("change", () => {
      sent.value = field.value && shift(field.value, new Date(field.value).getTimezoneOffset());
    });
  }
  for (const zone of root.querySelectorAll("[data-utc]")) zone.remove();
}

/** Whatever elements need when they have come. */
export function arrived(root) {
  times(root);
  moments(root);
  graphs(root);
  for (const code of root.querySelectorAll("[data-copy]")) code.title = "Copy";
  for (const dialog of root.querySelectorAll("dialog[data-open]")) open(dialog);
}

function open(dialog) {
  const form = dialog.querySelector("[data-remember]");
  const field = form?.querySelector("[data-json]");
  const kept = form && sessionStorage.getItem(`input ${form.dataset.remember}`);
  if (field && kept && field.value.trim() === "{}") field.value = kept;
  dialog.showModal();
}

/** Puts the detail of a link beside the page, and its address into the bar. */
export async function detail(address, push = true) {
  const to = document.getElementById("detail");
  const url = new URL(address, location.href);
  const part = new URL(url);
  part.searchParams.set("part", to.dataset.part ?? "detail");
  to.setAttribute("aria-busy", "true");
  try {
    const body = await fetched(part);
    to.replaceChildren(...body.childNodes);
    arrived(to);
    to.scrollTop = 0;
    if (push) history.pushState({ detail: true }, "", url);
    mark(url);
    if (matchMedia("(max-width: 900px)").matches) to.scrollIntoView({ block: "start" });
  } catch (error) {
    say(to, error.message);
  } finally {
    to.removeAttribute("aria-busy");
  }
}

/** Marks what the detail is of. */
function mark(url) {
  const name = url.searchParams.get("state");
  for (const state of document.querySelectorAll(".state")) state.classList.toggle("selected", state.dataset.state === name);
  const event = url.searchParams.get("event") ?? url.searchParams.get("number");
  for (const link of document.querySelectorAll("table.events a[data-detail]")) {
    const its = new URL(link.href).searchParams;
    link.closest("tr").classList.toggle("selected", event !== null && (its.get("event") ?? its.get("number")) === event);
  }
}

function say(near, message) {
  let place = near.querySelector(".wrong");
  if (!place) {
    place = document.createElement("p");
    place.className = "wrong";
    place.setAttribute("role", "alert");
    near.prepend(place);
  }
  place.textContent = message;
  place.hidden = false;
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const opens = target?.closest("[data-opens]");
  if (opens) return open(document.getElementById(opens.dataset.opens));
  if (target?.closest("[data-closes]")) return target.closest("dialog").close();
  const copy = target?.closest("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(copy.textContent).then(() => { copy.title = "Copied"; }, () => {});
    return;
  }
  const link = target?.closest("a[data-detail]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && document.getElementById("detail")) {
    event.preventDefault();
    detail(link.href);
  }
});

addEventListener("popstate", () => {
  if (document.getElementById("detail")) detail(location.href, false);
});

/** Sends a form; shows what comes of it in an element, or goes where it says. */
export async function posted(action, data, shows, isWanted = () => true) {
  const response = await fetch(action, {
    method: "POST",
    credentials: "same-origin",
    headers: { accept: "application/json" },
    body: new URLSearchParams(data),
  });
  if (!response.ok) throw new Error(await saidBy(response));
  const to = shows && document.getElementById(shows);
  if (!to) return location.assign((await response.json()).location);
  const body = new DOMParser().parseFromString(await response.text(), "text/html").body;
  if (!isWanted()) return;
  to.replaceChildren(...body.childNodes);
  arrived(to);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-act], [data-shows]")) return;
  const { submitter } = event;
  // The browser keeps the file, and the page stays.
  if (submitter?.matches("[data-downloads]")) return;
  event.preventDefault();
  const shows = submitter?.dataset.shows ?? form.dataset.shows;
  const data = new FormData(form, submitter);
  const buttons = form.querySelectorAll("button:not([type=button])");
  for (const button of buttons) button.disabled = true;
  try {
    await posted(submitter?.getAttribute("formaction") ?? form.getAttribute("action"), data, shows);
    form.querySelector(":scope > .wrong, section > .wrong")?.setAttribute("hidden", "");
    const field = form.querySelector("[data-json]");
    if (form.dataset.remember && field) sessionStorage.setItem(`input ${form.dataset.remember}`, field.value);
    if (!shows) return;
    form.closest("dialog")?.close();
  } catch (error) {
    say(form, error.message);
  }
  for (const button of buttons) button.disabled = false;
});

// JSON is checked as it is typed.
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-json]")) return;
  try {
    if (field.value.trim()) JSON.parse(field.value);
    field.classList.remove("invalid");
    field.removeAttribute("aria-invalid");
  } catch {
    field.classList.add("invalid");
    field.setAttribute("aria-invalid", "true");
  }
});

// A file is read into a field; a slider says where it stands.
document.addEventListener("input", async (event) => {
  const field = event.target;
  if (field.matches?.("[data-says]")) field.closest("form").querySelector("output").textContent = `${field.value} %`;
  if (field.matches?.("[data-reads]") && field.files[0]) document.getElementById(field.dataset.reads).value = await field.files[0].text();
});

// "/" looks for something.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, textarea, select");
  const search = document.querySelector("[data-search]");
  if (event.key === "/" && !isTyping && search) {
    event.preventDefault();
    search.focus();
  }
});

arrived(document);
live();
mark(new URL(location.href));
document.documentElement.dataset.ready = "";
