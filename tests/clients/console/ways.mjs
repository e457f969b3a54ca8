// Goes the ways through the console that people go, in light and dark, and says what it found.
//   node ways.mjs < GIVEN
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { apis } from "./apis.mjs";
import { measured, QUICK } from "./measure.mjs";
import { phone } from "./phone.mjs";
import { plans } from "./plans.mjs";
import { playground } from "./playground.mjs";
import { requests } from "./requests.mjs";
import { sso } from "./sso.mjs";
import { workflows } from "./workflows.mjs";

const given = JSON.parse(await new Response(process.stdin).text());
const base = `${given.endpoint}/_stepgate/console`;
const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");
mkdirSync("pictures", { recursive: true });

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const problems = [];
const pictured = new Set();

/** What each page notes of what it may not do. */
function watched() {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
}

async function signedIn(options) {
  const context = await browser.newContext({ viewport: { width: 1320, height: 860 }, ...options });
  await context.addInitScript(watched);
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on("dialog", (dialog) => { problems.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
  });
  await page.goto(base);
  await page.getByRole("button", { name: /Sign in with the local key/ }).click();
  await page.waitForSelector("h1:has-text('Home')");
  return page;
}

const view = (kind, arn, more = {}) => `${base}/${kind}/view?${new URLSearchParams({ arn, ...more })}`;

async function go(page, address) {
  await page.goto(address);
  await page.waitForSelector("html[data-ready]");
}

/** No serious finding, nothing that ran, nothing that was blocked. */
async function check(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, impact, nodes } of found.violations) {
    if (impact === "serious" || impact === "critical") problems.push(`${name}: ${impact} ${id}: ${nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  }
  await harmless(page, name);
}

/** Nothing that ran, nothing that was blocked, nothing beyond the edge. */
async function harmless(page, name) {
  const seen = await page.evaluate(() => ({ ran: window.ran, violations: window.violations, wide: document.documentElement.scrollWidth - innerWidth }));
  if (seen.ran) problems.push(`${name}: something ran`);
  if (seen.violations.length) problems.push(`${name}: ${seen.violations.join(", ")}`);
  if (1 < seen.wide) problems.push(`${name}: ${seen.wide} pixels too wide`);
}

/** A picture of a page, and one of it in the dark, where axe looks again. */
async function picture(page, name) {
  await page.screenshot({ path: `pictures/${name}.png` });
  if (!name.endsWith("-light")) return;
  pictured.add(name.replace(/-light$/, ""));
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = name.replace(/-light$/, "-dark");
  await check(page, dark);
  await page.screenshot({ path: `pictures/${dark}.png` });
  await page.emulateMedia({ colorScheme: "light" });
}

try {
  // --- light, with a mouse
  const page = await signedIn({ colorScheme: "light" });
  await check(page, "home");
  assert.match(await page.locator(".counts").innerText(), /7\s+State machines/);
  await picture(page, "home-light");
  await page.getByRole("link", { name: "State machines", exact: true }).click();
  await page.getByRole("link", { name: "OrderFulfilment" }).click();
  await page.waitForSelector("html[data-ready]");
  assert.equal(await page.locator("tbody tr").count(), 50);
  await check(page, "a state machine");
  await picture(page, "machine-light");
  await page.getByRole("link", { name: "Next" }).click();
  assert.equal(await page.locator("tbody tr").count(), 14);
  await page.getByRole("link", { name: "Newest" }).click();
  await page.getByLabel("Status").selectOption("RUNNING");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.deepEqual(await page.locator("tbody td:first-child").allInnerTexts(), ["order-1003"]);
  await page.getByLabel("Status").selectOption("");
  await page.getByLabel("Name has").fill("1002");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=order-1002");
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.getByRole("link", { name: "Definition" }).click();
  await page.waitForSelector(".graph svg");
  await check(page, "a definition");
  await picture(page, "definition-light");
  console.log("state machines are listed, filtered by status and name, paged and drawn");

  // --- an execution that is done
  await go(page, view("executions", given.done));
  const state = (name) => page.locator(`.state[data-state="${name}"]`);
  for (const [name, status] of [["Check order", "succeeded"], ["Look up customer", "caught"], ["Use guest account", "succeeded"], ["Pack items", "succeeded"], ["Reject", ""], ["Done", "succeeded"]]) {
    assert.match(await state(name).getAttribute("class"), new RegExp(status), name);
  }
  assert.match(await state("Look up customer").innerHTML(), /↻1/);
  assert.match(await state("Pack items").innerHTML(), /3\/3/);
  await state("Look up customer").click();
  await page.waitForSelector("#detail h2:has-text('Look up customer')");
  assert.match(await page.locator("#detail").innerText(), /Attempts[\s\S]*Failed[\s\S]*Failed/);
  assert.match(page.url(), /state=Look\+up\+customer/);
  await check(page, "an execution");
  await picture(page, "execution-light");
  await state("Wrap").focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#detail h2:has-text('Wrap')");
  await page.locator("#detail .visits a").first().click();
  await page.waitForSelector("#detail pre:has-text('A-1')");
  await page.goBack();
  await page.waitForSelector("#detail pre:has-text('C-3')");
  await page.reload();
  await page.waitForSelector("#detail h2:has-text('Wrap')");
  console.log("a graph shows what became of each state; states open their details, by mouse, by keyboard and by address");

  await page.getByRole("link", { name: "Events" }).click();
  await page.waitForSelector("table.events");
  await page.locator("table.events a").nth(1).click();
  await page.waitForSelector("#detail h2:has-text('Event 2')");
  await check(page, "events");
  await picture(page, "events-light");
  await page.getByRole("searchbox").fill("Failed");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=2 events");
  await page.getByRole("link", { name: "Timeline" }).click();
  await page.waitForSelector(".timeline .bar.caught");
  await check(page, "timeline");
  await picture(page, "timeline-light");
  console.log("events are searched, and bars show when each state ran");

  await go(page, view("executions", given.failed));
  assert.match(await page.locator(".error-box").innerText(), /OrderRejected[\s\S]*The order has no total/);
  await check(page, "a failure");
  await picture(page, "failed-light");

  // --- start one, watch it, skip its wait
  await go(page, view("state-machines", given.order));
  await page.getByRole("button", { name: "Start execution" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("order-2001");
  await dialog.getByLabel("Input, as JSON").fill("{oops");
  assert.equal(await dialog.getByLabel("Input, as JSON").getAttribute("aria-invalid"), "true");
  await dialog.getByRole("button", { name: "Start execution" }).click();
  await dialog.getByRole("alert").filter({ hasText: "The input is not JSON" }).waitFor();
  await check(page, "the dialog");
  await picture(page, "start-light");
  await dialog.getByLabel("Input, as JSON").fill(given.input.replace('"wait": 4', '"wait": 3600'));
  await dialog.getByRole("button", { name: "Start execution" }).click();
  await page.waitForSelector("h1:has-text('order-2001')");
  await page.waitForSelector(".state.running[data-state='Cool down']", { timeout: 15000 });
  await picture(page, "running-light");
  await page.getByRole("button", { name: "Skip wait" }).click();
  await page.waitForSelector(".title .status:has-text('Succeeded')");
  await page.waitForSelector(".state.succeeded[data-state='Done']");
  await state("Ship").click();
  await page.waitForSelector("#detail h2:has-text('Ship')");
  await page.getByText("Fork from here").click();
  await page.locator(".fork input[name=name]").fill("order-2001-again");
  await page.locator(".fork button").click();
  await page.waitForSelector("h1:has-text('order-2001-again')");
  await page.waitForSelector(".title .status:has-text('Succeeded')");
  await go(page, view("executions", given.waiting));
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("dialog").getByLabel("Cause").fill("no longer wanted");
  await page.getByRole("dialog").getByRole("button", { name: "Stop execution" }).click();
  await page.waitForSelector(".title .status:has-text('Aborted')");
  await page.getByRole("button", { name: "Redrive" }).click();
  await page.waitForSelector(".title .status:has-text('Running')");
  console.log("executions are started, followed live, forked, stopped and redriven; a wait is skipped");

  // --- APIs
  await page.getByRole("link", { name: "APIs", exact: true }).click();
  await check(page, "APIs");
  await page.getByRole("link", { name: "Orders" }).click();
  await page.getByRole("link", { name: "GET /orders", exact: true }).click();
  await page.waitForSelector("html[data-ready]");
  assert.match(await page.getByLabel("Method request", { exact: true }).innerText(), /API key required\s+yes/);
  assert.match(await page.getByLabel("Integration response", { exact: true }).innerText(), /"orders": \[\]/);
  await page.getByLabel("Path with query string").fill("/orders?q=tea");
  await page.getByRole("button", { name: "Test" }).click();
  await page.waitForSelector("#tested pre:has-text('\"q\": \"tea\"')");
  assert.match(await page.locator("#tested").innerText(), /Method completed with status: 200/);
  await check(page, "a method");
  await picture(page, "method-light");
  await page.getByRole("link", { name: "POST /orders" }).click();
  await check(page, "a hostile template");
  await page.getByRole("link", { name: "Stages" }).click();
  await page.waitForSelector("h2:has-text('prod')");
  await check(page, "stages");
  await page.getByRole("link", { name: "Deployments" }).click();
  await page.waitForSelector("html[data-ready]");
  const first = page.locator("tr", { hasText: "the first" });
  assert.equal(await first.locator(".status").count(), 0);
  await first.getByRole("combobox").selectOption("dev");
  await first.getByRole("button", { name: "Serve this" }).click();
  await page.waitForSelector("tr:has-text('the first') .status:has-text('dev')");
  await page.getByLabel("Deploy to stage").fill("qa");
  await page.getByRole("button", { name: "Deploy API" }).click();
  await page.waitForSelector(".status:has-text('qa')");
  await check(page, "deployments");
  await picture(page, "deployments-light");
  console.log("methods are shown in four boxes and tested; stages are deployed and rolled back");

  // --- plans and keys
  await page.getByRole("link", { name: "Usage plans", exact: true }).click();
  await check(page, "plans");
  await page.getByRole("button", { name: "Create API key" }).first().click();
  await page.getByRole("dialog").getByLabel("Name").fill("made here");
  await page.getByRole("dialog").getByLabel("Usage plan").selectOption({ label: "Partners" });
  await page.getByRole("dialog").getByRole("button", { name: "Create API key" }).click();
  assert.match(await page.locator("#made .secret").innerText(), /^[A-Za-z0-9]{20,}$/);
  await picture(page, "plans-light");
  await page.getByRole("link", { name: "Usage plans", exact: true }).click();
  await page.waitForSelector("html[data-ready]");
  await page.getByRole("button", { name: "Disable made here" }).click();
  await page.getByRole("button", { name: "Enable made here" }).waitFor();
  assert.ok(!(await page.content()).includes(given.keyValue), "the values of keys are shown nowhere");
  await page.getByRole("link", { name: "Partners" }).click();
  await page.waitForSelector("html[data-ready]");
  const used = page.locator("tbody tr", { hasText: "onerror" });
  assert.deepEqual((await used.locator("td.n").allInnerTexts()).slice(0, 2), ["7", "993"]);
  assert.ok(!(await page.content()).includes(given.keyValue));
  await check(page, "a plan");
  await picture(page, "plan-light");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV", exact: true }).click()]);
  assert.match(readFileSync(await download.path(), "utf8"), /,29,7,993/);
  await page.getByRole("link", { name: "Operation", exact: true }).click();
  await page.waitForSelector("text=Settings in force");
  assert.match(await page.getByLabel("Settings in force").innerText(), /listen.address\s+127\.0\.0\.1:0\s+argument/);
  assert.match(await page.locator("main").innerText(), /Executions, running\s+[1-9][\s\S]*Jobs in the writer's queue\s+\d[\s\S]*free of/);
  assert.match(await page.getByRole("region", { name: "Tables" }).innerText(), /journal\s+[\d.]+ [KM]iB/);
  assert.equal(await page.locator(".pace polyline").count(), 6);
  await check(page, "operation");
  await picture(page, "operation-light");
  console.log("plans show usage and what is left; keys are made, switched, and shown once");

  // --- requests
  await page.getByRole("link", { name: "Requests", exact: true }).click();
  await page.getByRole("button", { name: "Record requests" }).click();
  await page.waitForSelector(".status:has-text('Recording')");
  await page.waitForSelector("html[data-ready]");
  const call = (path, headers) => fetch(`${given.endpoint}/restapis/${given.api}/dev/_user_request_${path}`, { headers }).then((it) => it.status);
  const hostile = "<img src=x onerror=window.ran=1>";
  assert.deepEqual([
    await call("/orders?q=tea", { "x-api-key": given.keyValue, cookie: "hush=1", "user-agent": hostile }),
    await call("/orders"), await call(`/nope?q=${encodeURIComponent(hostile)}`),
  ], [200, 403, 403]);
  await page.waitForFunction(() => document.querySelectorAll("table.requests tbody tr").length === 3);
  const whys = [];
  for (const at of [2, 1, 0]) {
    const link = page.locator("table.requests tbody a").nth(at);
    const number = new URL(await link.getAttribute("href"), base).searchParams.get("number");
    await link.click();
    await page.waitForFunction((number) => document.querySelector("#detail .why") && location.search.includes(`number=${number}`), number);
    await page.waitForFunction((at) => document.querySelectorAll("table.requests tbody tr")[at].className === "selected", at);
    whys.push(await page.locator("#detail .why").innerText());
    if (at === 2) {
      const text = await page.locator("#detail").innerText();
      assert.ok(!text.includes(given.keyValue) && !text.includes("hush"), "secrets are shortened");
      assert.match(text, /Successfully completed execution/);
      assert.match(text, /99(\.\d)? of 100, refilled with 50(\.0)? a second/);
      await check(page, "a request");
      await picture(page, "request-light");
    }
  }
  // Sent again, changed: with the key it passes, and the new one can be looked at.
  await page.locator("#detail summary", { hasText: "Send again" }).click();
  await page.locator("#detail [name=target]").fill(`/restapis/${given.api}/dev/_user_request_/orders?q=tea`);
  await page.locator("#detail [name=headers]").fill(`x-api-key: ${given.keyValue}`);
  await page.locator("#detail").getByRole("button", { name: "Send", exact: true }).click();
  await page.waitForSelector("#resent .status:has-text('200')");
  await check(page, "a request that was sent again");
  await page.locator("#resent a").click();
  await page.waitForSelector("html[data-ready]");
  assert.match(await page.locator("#detail .why").innerText(), /^200: /);
  await page.getByRole("button", { name: "Compare" }).click();
  await page.waitForSelector("h1:has-text('Two requests')");
  await check(page, "two requests");
  await page.getByRole("link", { name: "Requests", exact: true }).click();
  await page.waitForSelector("html[data-ready]");
  assert.match(whys[0], /^200: /);
  assert.match(whys[1], /^403: the method needs an API key, and the request has none\./);
  assert.match(whys[2], /^403: stage dev has no resource and method for GET/);
  await check(page, "hostile requests");
  await page.getByLabel("Status").selectOption("2");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForSelector("html[data-ready]");
  assert.equal(await page.locator("table.requests tbody tr").count(), 2);
  await page.getByRole("button", { name: "Stop and forget" }).click();
  await page.waitForSelector("text=Nothing is recorded.");
  console.log("requests are recorded live, and one sentence says why each has its status");

  // --- the playground
  await page.getByRole("link", { name: "Playground", exact: true }).click();
  await page.getByRole("button", { name: "Evaluate" }).click();
  await page.waitForSelector("#result pre:has-text('\"A-1\", \"B-2\"')");
  assert.match(await page.locator("#result .steps").innerText(), /#set\(\$order[\s\S]*is set to/);
  assert.match(await page.locator("#result .findings").innerText(), /3:13 an apostrophe/);
  await check(page, "a template's steps");
  await picture(page, "template-light");
  await page.getByLabel("Mapping template").fill("#if($x)\n<script>window.ran=1</script>");
  await page.getByRole("button", { name: "Evaluate" }).click();
  await page.waitForSelector("#result .error-box:has-text('^')");
  await check(page, "a wrong template");
  await page.getByRole("link", { name: "State", exact: true }).click();
  await page.getByRole("button", { name: "Test state" }).click();
  await page.waitForSelector("#result pre:has-text('\"total\": 22')");
  await check(page, "a state's test");
  await picture(page, "state-light");
  console.log("templates and states are tried, step by step");

  // --- what users wrote
  const [few, ...many] = given.hostile;
  await go(page, view("executions", few));
  await check(page, "hostile names");
  const names = await page.locator(".state").evaluateAll((all) => all.map((it) => it.dataset.state));
  for (const name of [names[0], names[1], names[10], names.at(-1)]) {
    await page.locator(".state").nth(names.indexOf(name)).click();
    await page.waitForFunction((name) => document.querySelector("#detail h2").textContent === name, name);
  }
  await check(page, "hostile details");
  for (const more of [{ tab: "events", q: "<script>window.ran=1</script>" }, { tab: "timeline" }, { tab: "definition" }, { tab: "events", event: "1" }, { state: '"><img src=x onerror=window.ran=1>' }]) {
    await go(page, view("executions", few, more));
    await check(page, `hostile ${JSON.stringify(more)}`);
  }
  await go(page, view("executions", "arn:aws:states:us-east-1:123456789012:execution:<script>window.ran=1</script>:x"));
  await check(page, "a hostile address");
  for (const [at, arn] of many.entries()) {
    for (const more of [{}, { tab: "events" }, { tab: "timeline" }, { tab: "definition" }, { tab: "events", event: "1" }]) {
      await go(page, view("executions", arn, more));
      await harmless(page, `more hostile names, ${at} ${JSON.stringify(more)}`);
    }
    assert.equal(await page.locator("#detail pre", { hasText: "ran=1" }).count() > 0, true);
  }
  await page.getByRole("link", { name: "Usage plans", exact: true }).click();
  await page.waitForSelector("td:has-text('onpageshow=ran=1')");
  await check(page, "hostile keys");
  await page.getByRole("link", { name: "APIs", exact: true }).click();
  await page.getByRole("link", { name: "Orders" }).click();
  await page.getByRole("link", { name: "POST /hostile" }).click();
  await page.waitForSelector("pre:has-text('onpageshow=ran=1')");
  await check(page, "hostile templates");
  await page.getByRole("link", { name: "Playground", exact: true }).click();
  for (const part of [given.payloads.slice(0, 500), given.payloads.slice(500)]) {
    await page.getByLabel("Mapping template").fill(`$input.body ${part.join("\n").replaceAll("${", "$ {")}`);
    await page.getByLabel("Body").fill(part.join("\n"));
    await page.getByRole("button", { name: "Evaluate" }).click();
    await page.waitForSelector("#result pre:has-text('onerror=ran=1')");
    await harmless(page, "hostile templates and bodies, evaluated");
  }
  // Sixty-four headers a request, as a name can't be written so; the body has everything.
  await page.getByRole("link", { name: "Requests", exact: true }).click();
  await page.getByLabel(/bodies/i).check();
  await page.getByRole("button", { name: "Record requests" }).click();
  await page.waitForSelector(".status:has-text('Recording')");
  const sent = given.payloads.map((it) => it.replace(/[^ -~]/g, ""));
  for (let at = 0; at < sent.length; at += 64) {
    const headers = Object.fromEntries(sent.slice(at, at + 64).map((it, n) => [`x-hostile-${n}`, it]));
    const answer = await fetch(`${given.endpoint}/restapis/${given.api}/qa/_user_request_/hostile`, {
      method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(given.payloads) });
    assert.equal(answer.status, 200);
  }
  await page.waitForFunction((n) => document.querySelectorAll("table.requests tbody tr").length === n, Math.ceil(sent.length / 64));
  for (const link of await page.locator("table.requests tbody a").all()) {
    await link.click();
    await page.waitForFunction((href) => document.querySelector("#detail .why") && location.href === new URL(href, location.href).href, await link.getAttribute("href"));
    assert.match(await page.locator("#detail").innerText(), /x-hostile-39[\s\S]*ran=1/i);
    await harmless(page, "hostile headers and bodies");
  }
  await check(page, "a hostile request");
  console.log(`none of ${given.payloads.length} texts that users may write runs, wherever they are shown`);

  // --- large ones
  const { quick, bounded, timings, sizes } = await measured(page, problems);
  await go(page, view("executions", given.done));
  const openState = (name) => [() => page.locator(`.state[data-state='${name}']`).click(), () => page.waitForSelector(`#detail h2:text-is('${name}')`)];
  await quick("small: open a state", ["Weigh", "Ship", "Done"].map(openState));
  await quick("small: load a page", ["events", "timeline", "events"].map((tab) => [
    () => page.goto(view("executions", given.done, { tab })), () => page.waitForSelector("html[data-ready]")]), 2);
  await go(page, view("executions", given.large));
  assert.equal(await page.locator(".state").count(), 500);
  await quick("500 states: open one", ["Step 2", "Step 3", "Step 4"].map(openState));
  await quick("500 states: zoom", ["in", "out", "in"].map((way) => [
    () => page.locator(`[data-zoom=${way}]`).click(), () => page.evaluate(() => new Promise(requestAnimationFrame))]));
  await check(page, "500 states");
  await picture(page, "large-light");
  await bounded("500 states", 300, 4_000);
  await go(page, view("executions", given.long, { tab: "events" }));
  await page.waitForSelector("text=Page 1 of 250");
  await bounded("25,000 events", 100, 1_500);
  await quick("25,000 events: open one", [41, 42, 43].map((n) => [
    () => page.locator("table.events a").nth(n - 1).click(), () => page.waitForSelector(`#detail h2:has-text('Event ${n}')`)]));
  await quick("25,000 events: next page", [2, 3, 4].map((n) => [
    () => page.locator(".picture .pages").getByRole("link", { name: "Next" }).click(), () => page.waitForSelector(`text=Page ${n} of 250`)]), 2);
  await quick("25,000 events: search", [24960, 24950, 24940].map((n) => [
    async () => { await page.getByRole("searchbox").fill(String(n)); await page.keyboard.press("Enter"); },
    () => page.waitForSelector(`table.events a:text-is('${n}')`)]), 2);
  await go(page, view("executions", given.long));
  await quick("25,000 events: open a state", ["Work", "Each", "Work"].map((name) => [
    () => page.locator(`.state[data-state='${name}']`).click({ position: { x: 12, y: 12 } }), () => page.waitForSelector(`#detail h2:has-text('${name}')`)]));
  await check(page, "25,000 events");
  console.log(`large ones stay small: ${sizes.join("; ")}`);
  console.log(`how long they took: ${timings.join(", ")}`);

  const ways = { given, base, view, go, check, picture, pictured, problems, browser, watched, signedIn };
  for (const part of [workflows, requests, apis, plans, playground]) await part(page, ways);
  const guest = await browser.newContext({ viewport: { width: 1320, height: 860 }, colorScheme: "light" });
  await guest.addInitScript(watched);
  await sso(await guest.newPage(), ways);

  // --- how soon something is seen, with nothing in the browser's cache; and how much script that takes
  const cold = await browser.newContext();
  const signed = await cold.request.post(`${base}/sign-in/local`, { headers: { origin: given.endpoint }, form: {}, maxRedirects: 0 });
  assert.equal(signed.status(), 303);
  const soon = await cold.newPage();
  const paints = [];
  for (const [name, address] of [["home", base], ["an execution", view("executions", given.done)], ["operation", `${base}/operation`]]) {
    const network = await cold.newCDPSession(soon);
    await network.send("Network.clearBrowserCache");
    await go(soon, address);
    const painted = await soon.evaluate(() => new Promise((resolve) => {
      const found = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
      if (found()) return resolve(found());
      new PerformanceObserver(() => found() && resolve(found())).observe({ type: "paint", buffered: true });
    }));
    paints.push(`${name} ${painted.toFixed(0)} ms`);
    // A second, where nothing else keeps the machine busy.
    if (5 * QUICK < painted) problems.push(`${name} was painted after ${painted.toFixed(0)} ms`);
    const scripts = await soon.evaluate(() => performance.getEntriesByType("resource").map((it) => it.name).filter((it) => it.endsWith(".js")));
    const texts = await Promise.all(scripts.map(async (it) => (await cold.request.get(it)).body()));
    const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
    assert.ok(0 < bytes && bytes <= 300 * 1024, `${bytes} bytes of script, compressed`);
  }
  console.log(`first painted, with an empty cache: ${paints.join(", ")}`);

  // --- on a phone, and without scripts
  await phone(page, ways);
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const still = await plain.newPage();
  await still.goto(view("executions", given.done, { state: "Ship" }));
  await still.getByRole("button", { name: /Sign in with the local key/ }).click();
  assert.match(await still.locator("#detail").innerText(), /ST-1042/);
  await still.getByRole("button", { name: "Sign out" }).click();
  await still.waitForSelector("text=Access key ID");
  console.log("pages work without scripts");
  assert.deepEqual(problems, []);
} catch (error) {
  console.error(problems.join("\n"));
  throw error;
} finally {
  await browser.close();
}
