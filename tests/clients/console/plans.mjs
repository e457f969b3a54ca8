// Ways through usage plans: what a key has now, and another value for it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export async function plans(page, { given, base, go, check, picture }) {
  // The server forgets the levels of keys that nobody uses for a minute or two.
  const headers = { "x-api-key": given.keyValue };
  assert.equal((await fetch(`${given.endpoint}/restapis/${given.api}/dev/_user_request_/orders`, { headers })).status, 200);
  await go(page, `${base}/plans/view?id=${given.plan}`);
  const used = page.locator("tbody tr", { hasText: "/100" });
  assert.match(await used.first().innerText(), /plan\s*\d+\/100/);
  assert.match(await used.first().innerText(), /lasts|ends in/);
  await check(page, "a plan now");
  await picture(page, "plan-now-light");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV of now" }).click()]);
  assert.match(readFileSync(await download.path(), "utf8"), /,"",\d+,100,50,\d+,0,0,0/);
  await page.getByRole("link", { name: "Usage plans", exact: true }).first().click();
  await page.waitForSelector("html[data-ready]");
  const made = page.locator("tbody tr", { hasText: "made here" });
  await made.getByRole("checkbox").check();
  await made.getByRole("button", { name: "Rotate made here" }).click();
  assert.match(await page.locator("#made .secret").innerText(), /^[A-Za-z0-9]{20,}$/);
  await check(page, "a key that was rotated");
  await go(page, `${base}/plans`);
  assert.equal(await page.locator("tbody tr", { hasText: "made here" }).count(), 2);
  await go(page, `${base}/plans/view?id=${given.plan}`);
  assert.equal(await page.locator("tbody tr", { hasText: "made here" }).count(), 2, "under the same plan");
  console.log("plans show levels, what is left and for how long; keys are rotated");
}
