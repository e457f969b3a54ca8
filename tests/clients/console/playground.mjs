// Ways through the playground: a template step by step, expressions, and cases to keep.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export async function playground(page, { base, go, check, picture }) {
  await go(page, `${base}/playground`);
  await page.getByRole("button", { name: "Evaluate" }).click();
  await page.waitForSelector("#result [data-steps]");
  await page.getByRole("button", { name: "Forward" }).click();
  await page.waitForSelector("text=Step 1 of");
  // What is assigned is evaluated first.
  for (let at = 0; at < 5 && (await page.locator(".watched").innerText()) === ""; at += 1) {
    await page.getByRole("button", { name: "Forward" }).click();
  }
  assert.match(await page.locator(".watched").innerText(), /\$order\s+\{/);
  assert.match(await page.locator("#stepped").evaluate((it) => it.value.slice(it.selectionStart, it.selectionEnd)), /^#set\(\$order/);
  await page.getByRole("button", { name: "Last" }).click();
  assert.match(await page.locator(".watched").innerText(), /\$item\s+\[1\]/);
  await page.getByRole("button", { name: "Back" }).click();
  await check(page, "a step");
  await picture(page, "steps-light");
  await page.getByRole("button", { name: "First" }).click();
  await page.waitForSelector("text=Step 1 of");
  const kept = async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as a case" }).click()]);
    return JSON.parse(readFileSync(await download.path(), "utf8"));
  };
  const template = await kept();
  assert.match(template.template.text, /^#set\(\$order/);
  assert.deepEqual(template.scenarios[0].expect.output.skus, ["A-1", "B-2"]);
  console.log("a template is gone through forward and back, with its variables");

  await page.getByRole("link", { name: "Expression", exact: true }).click();
  await page.waitForSelector("html[data-ready]");
  await page.getByRole("button", { name: "Evaluate" }).click();
  await page.waitForSelector("#result pre:has-text('A-1 of 2')");
  await page.getByRole("button", { name: "Last" }).click();
  await page.getByRole("button", { name: "Back" }).click();
  assert.match(await page.locator(".watched").innerText(), /\$\.items\[0\]\.sku\s+"A-1"[\s\S]*States\.ArrayLength\(\$\.items\)\s+2/);
  assert.equal(await page.locator("#stepped").evaluate((it) => it.value.slice(it.selectionStart, it.selectionEnd)), "States.ArrayLength($.items)");
  const expression = page.locator("[name=expression]");
  await expression.fill("$.items[");
  await page.getByRole("button", { name: "Evaluate" }).click();
  await page.waitForSelector("#result .excerpt:has-text('^')");
  await check(page, "a wrong expression");
  await page.locator("[name=language]").selectOption("jsonata");
  await expression.fill("$sum($states.input.items.(price * quantity))");
  await page.getByRole("button", { name: "Evaluate" }).click();
  await page.waitForSelector("#result pre:has-text('22')");
  await check(page, "an expression");
  assert.deepEqual((await kept()).scenarios[0].expect, { status: "SUCCEEDED", output: 22 });
  console.log("JSONPath, intrinsic functions and JSONata are tried, and errors have a caret");

  await page.getByRole("link", { name: "State", exact: true }).click();
  await page.waitForSelector("html[data-ready]");
  const saved = await kept();
  assert.deepEqual(saved.scenarios[0].expect, { status: "SUCCEEDED", output: { total: 22, skus: ["A-1", "B-2"] } });
  console.log("templates, expressions and states are kept as cases");
}
