// Ways through state machines and their executions: filters, folds, moments, the editor, replays, Map Runs.
import assert from "node:assert/strict";

export async function workflows(page, { given, base, view, go, check, picture }) {
  // --- filters
  await go(page, view("state-machines", given.order));
  const filtered = async () => {
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForSelector("html[data-ready]");
    return page.locator("#executions tbody td:first-child").allInnerTexts();
  };
  await page.getByLabel("Alias or version").selectOption({ label: "Alias live" });
  assert.deepEqual(await filtered(), ["by-alias"]);
  await page.getByLabel("Alias or version").selectOption({ label: "Version 1" });
  assert.deepEqual(await filtered(), ["by-alias"]);
  await page.getByLabel("Alias or version").selectOption("");
  await page.getByLabel("Started from").fill("2020-01-31T12:30");
  assert.equal((await filtered()).includes("by-alias"), true);
  assert.equal(await page.getByLabel("Started from").inputValue(), "2020-01-31T12:30", "a moment is shown as it was chosen");
  await page.getByLabel("Started from").fill("");
  await page.getByLabel("before").fill("2020-01-31T12:30");
  assert.deepEqual(await filtered(), []);
  await check(page, "filters");
  console.log("executions are filtered by alias, version and time");

  // --- what was given last is remembered, and a state is entered again with another input
  await go(page, view("state-machines", given.order));
  await page.getByRole("button", { name: "Start execution" }).first().click();
  assert.match(await page.getByRole("dialog").getByLabel("Input, as JSON").inputValue(), /"wait": 3600/);
  await go(page, view("executions", given.done, { state: "Ship" }));
  await page.getByText("Fork from here").click();
  await page.locator(".fork [name=name]").fill("edited");
  await page.locator(".fork [name=input]").fill('{"edited": true}');
  await page.locator(".fork button").click();
  await page.waitForSelector("h1:text-is('edited')");
  await page.waitForSelector(".title .status:has-text('Succeeded')");
  await page.waitForSelector("html[data-ready]");
  await page.locator(".state[data-state='Ship']").click();
  await page.waitForSelector("#detail h2:has-text('Ship')");
  assert.match(await page.locator("#detail").innerText(), /"edited": true[\s\S]*Variables\s+\$carrier\s+"Overland"/);
  await go(page, view("executions", given.done, { tab: "timeline" }));
  await page.getByText("Idle time is compressed.").waitFor();
  await page.getByRole("link", { name: "Show idle time" }).click();
  await page.getByRole("link", { name: "Compress idle time" }).waitFor();
  console.log("inputs are remembered and edited, variables are shown, idle time is compressed or not");

  // --- folds, and the moments of an execution
  await go(page, view("executions", given.done));
  const states = (name) => page.locator(`.state[data-state="${name}"]`);
  await page.getByRole("link", { name: "Fold Pack items" }).click();
  await page.getByRole("link", { name: "Unfold Pack items" }).waitFor();
  assert.equal(await states("Wrap").count(), 0);
  assert.equal(await states("Look up customer").count(), 1);
  assert.match(page.url(), /fold=1/);
  await check(page, "a folded graph");
  await page.getByRole("link", { name: "Fold all", exact: true }).click();
  await page.waitForFunction(() => !document.querySelector(".state[data-state='Look up customer']"));
  await page.getByRole("link", { name: "Unfold all" }).click();
  await states("Wrap").waitFor();
  await page.locator("#moment").focus();
  await page.keyboard.press("Home");
  await page.waitForSelector("text=After event 1 of");
  assert.equal(await page.locator(".state.succeeded").count(), 0);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector("text=After event 3 of");
  await page.waitForSelector(".state.succeeded[data-state='Check order']");
  assert.match(page.url(), /at=3/);
  await page.reload();
  await page.waitForSelector("text=After event 3 of");
  await go(page, view("executions", given.done, { tab: "timeline" }));
  assert.equal(await page.locator(".graph").count(), 0);
  await page.locator("#moment").focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForSelector(".graph svg");
  await page.waitForSelector(".timeline line.moment", { state: "attached" });
  await check(page, "a moment of a timeline");
  await picture(page, "moment-light");
  await page.keyboard.press("Home");
  await page.waitForSelector("text=After event 1 of");
  console.log("graphs are folded, and shown at any moment");

  // --- the editor
  await go(page, view("executions", given.failed));
  await page.getByRole("link", { name: "Replay", exact: true }).click();
  await page.waitForSelector("html[data-ready]");
  const text = page.getByLabel("Definition", { exact: true }).locator("textarea");
  const definition = await text.inputValue();
  await text.fill(definition.replace('"Next": "Done"', '"Next": "Nowhere"'));
  await page.waitForSelector(".diagnostics li:has-text('MISSING_TRANSITION_TARGET')");
  await page.locator(".diagnostics [data-goes]").first().click();
  assert.match(await text.evaluate((it) => it.value.slice(it.selectionStart).split("\n")[0]), /Next|Nowhere/);
  await check(page, "a wrong definition");
  await picture(page, "editor-light");
  await text.fill(definition.replace('"NumericGreaterThan": 0', '"NumericGreaterThan": -1'));
  await page.waitForSelector("#checked :text('No errors')");
  await page.locator("#checked .state[data-state='Ship']").click();
  assert.equal(await page.getByLabel("State", { exact: true }).inputValue(), "Ship");
  await page.getByRole("button", { name: "Test state" }).click();
  await page.waitForSelector("#tested-state pre:has-text('ST-1042')");
  await page.getByLabel("State", { exact: true }).fill("Look up customer");
  await page.locator("#editor [name=input]").fill('{"customer": "c"}');
  await page.getByText("An error in place of it").click();
  await page.getByLabel("Error", { exact: true }).fill("States.TaskFailed");
  await page.getByLabel("Cause", { exact: true }).fill("<img src=x onerror=window.ran=1>");
  await page.getByRole("button", { name: "Test state" }).click();
  await page.waitForSelector("#tested-state :text('onerror')");
  await page.getByRole("button", { name: "Replay" }).click();
  await page.waitForSelector("#replayed .state.diverges[data-state='Prepare']");
  assert.match(await page.locator("#replayed").innerText(), /Diverges at event 4[\s\S]*Reject[\s\S]*Prepare/);
  await check(page, "a replay");
  await picture(page, "replay-light");
  await page.getByLabel("Description of the version").fill("lets all orders through");
  await page.getByRole("button", { name: "Save and publish" }).click();
  await page.waitForSelector(".source pre:has-text('\"NumericGreaterThan\": -1')");
  await page.getByRole("link", { name: "Executions", exact: true }).click();
  await page.waitForSelector("html[data-ready]");
  assert.deepEqual(await page.locator("select[name=of] option").allInnerTexts(), ["Any", "Alias live", "Version 2", "Version 1"]);
  console.log("definitions are checked as they are written, tried, replayed, saved and published");

  // --- a Map Run
  await go(page, view("executions", given.mapRun));
  await states("Each").click({ position: { x: 12, y: 12 } });
  await page.locator("#detail").getByRole("link", { name: "Child executions" }).click();
  await page.waitForSelector("h1:has-text('Map Run')");
  assert.equal(await page.locator(".grid .cell").count(), 12);
  assert.equal(await page.locator(".grid .cell.failed").count(), 1);
  assert.match(await page.locator(".tally").nth(1).innerText(), /Succeeded\s+11[\s\S]*Failed\s+1/);
  await check(page, "a Map Run");
  await picture(page, "map-run-light");
  await page.locator(".grid .cell.failed").click();
  await page.waitForSelector(".error-box:has-text('Odd')");
  await page.getByRole("link", { name: "that started it" }).click();
  await page.waitForSelector("h1:has-text('Map Run')");
  console.log("a Map Run is a grid of its child executions, which lead back to it");
}
