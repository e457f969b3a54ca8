// Ways through APIs: what a deployment changes, canaries, imports with a preview.
import assert from "node:assert/strict";

export async function apis(page, { given, base, go, check, picture }) {
  const hostile = "<img src=x onerror=window.ran=1>";
  const tab = (name) => go(page, `${base}/apis/view?${new URLSearchParams({ id: given.api, tab: name })}`);
  await tab("import");
  await page.getByLabel("OpenAPI document").fill("{oops");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("alert").filter({ hasText: "neither JSON nor YAML" }).waitFor();
  const document = { openapi: "3.0.1", info: { title: "Orders" }, paths: { "/returns": { get: { description: hostile,
    responses: { 200: { description: "ok" } }, "x-amazon-apigateway-integration": { type: "mock", requestTemplates: { "application/json": "{\"statusCode\": 200}" } } } } } };
  await page.getByLabel("or from a file").setInputFiles({ name: "returns.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(document)) });
  await page.waitForFunction(() => document.querySelector("#document").value.includes("/returns"));
  await page.getByRole("button", { name: "Preview" }).click();
  await page.waitForSelector("#preview li:has-text('GET /returns')");
  assert.ok(!(await page.locator("#preview").innerText()).includes("removed"), "merged, nothing goes");
  await check(page, "a preview");
  await picture(page, "import-light");
  await page.getByLabel("replaced by it").check();
  await page.getByRole("button", { name: "Preview" }).click();
  await page.waitForSelector("#preview .s-failed:has-text('removed')");
  await page.getByLabel("merged with it").check();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("link", { name: "GET /returns", exact: true }).waitFor();
  console.log("documents are imported, after a preview of what they change");

  await tab("stages");
  const prod = page.locator("section.card", { has: page.getByRole("heading", { name: "prod", exact: true }) });
  await prod.getByRole("link", { name: "Compare with the working copy" }).click();
  await page.waitForSelector("h1:has-text('What a deployment changes in prod')");
  assert.match(await page.locator(".changes").innerText(), /added\s+method\s+GET \/returns/);
  await check(page, "changes of a stage");
  await picture(page, "changes-light");
  await tab("stages");
  await prod.getByRole("slider").fill("25");
  await page.waitForFunction(() => [...document.querySelectorAll("output")].some((it) => it.textContent === "25 %"));
  await prod.getByRole("button", { name: "Deploy the working copy as a canary" }).click();
  await prod.getByText("25 % to").waitFor();
  await check(page, "a canary");
  await prod.getByRole("slider").fill("60");
  await prod.getByRole("button", { name: "Set" }).click();
  await prod.getByText("60 % to").waitFor();
  await prod.getByRole("button", { name: "Promote" }).click();
  await prod.getByRole("button", { name: "Deploy the working copy as a canary" }).waitFor();
  await prod.getByRole("link", { name: "Compare with the working copy" }).click();
  await page.waitForSelector("text=Nothing changes.");
  console.log("stages are compared with the working copy; canaries are deployed, turned up and promoted");
}
