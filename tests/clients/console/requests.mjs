// Ways through the inspector: filters, what each layer did, copies, archives, and the execution that a request started.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export async function requests(page, { given, base, view, go, check, picture }) {
  await go(page, `${base}/requests`);
  if (await page.getByRole("button", { name: "Stop and forget" }).count()) {
    await page.getByRole("button", { name: "Stop and forget" }).click();
    await page.waitForSelector("text=Nothing is recorded.");
    await page.waitForSelector("html[data-ready]");
  }
  await page.getByLabel(/bodies/i).check();
  await page.getByRole("button", { name: "Record requests" }).click();
  await page.waitForSelector(".status:has-text('Recording')");
  const call = async (stage, path, options) => (await fetch(`${given.endpoint}/restapis/${given.api}/${stage}/_user_request_${path}`, options)).status;
  const json = { "content-type": "application/json" };
  assert.deepEqual([
    await call("qa", "/orders/7?q=tea"),
    await call("qa", "/start", { method: "POST", headers: json, body: JSON.stringify({ total: 0 }) }),
    await call("prod", "/orders/8"),
    await call("prod", "/orders", { headers: { "x-api-key": given.keyValue } }),
  ], [200, 200, 200, 403]);
  await page.waitForFunction(() => document.querySelectorAll("table.requests tbody tr").length === 4);
  const shown = (name) => page.locator("table.requests tbody a", { hasText: name });
  const open = async (name) => {
    await shown(name).first().click();
    await page.waitForFunction((name) => document.querySelector("#detail h2")?.textContent.includes(name), name);
    await page.evaluate(() => { for (const it of document.querySelectorAll("#detail details")) it.open = true; });
    return page.locator("#detail").innerText();
  };

  // --- each layer, and what a MOCK integration was given
  const mock = await open("/orders/7");
  assert.match(mock, /passed\s+Stage[\s\S]*qa, deployment[\s\S]*passed\s+Method[\s\S]*GET \/orders\/\{id\}[\s\S]*Integration[\s\S]*answered 200/);
  assert.match(mock, /Integration request[\s\S]*nowhere: a MOCK integration answers with the statusCode in it[\s\S]*"statusCode": 200/);
  assert.match(mock, /Method response[\s\S]*"id": "7"/);
  assert.match(mock, /curl -i -X GET 'http[\s\S]*--aws-sigv4 aws:amz:us-east-1:execute-api/);
  await picture(page, "layers-light");
  const refused = await open(`/prod/_user_request_/orders`);
  assert.match(refused, /403: the method needs an API key, and no usage plan has stage prod\.[\s\S]*gateway response INVALID_API_KEY/);

  // --- the execution that it started, and back
  const started = await open("/start");
  assert.match(started, /Integration request[\s\S]*Action=StartExecution[\s\S]*"stateMachineArn"[\s\S]*Integration response[\s\S]*executionArn/);
  await page.getByRole("link", { name: "The execution that it started" }).click();
  await page.waitForSelector(".title .status:has-text('Failed')");
  await page.getByRole("link", { name: /POST .*\/start/ }).click();
  await page.waitForSelector("#detail .why");
  assert.match(await page.locator("#detail h2").innerText(), /POST .*\/start/);

  // --- filters
  const filtered = async (field, choose) => {
    await go(page, `${base}/requests`);
    await choose(page.locator(`form[role=search] ${field}`));
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForSelector("html[data-ready]");
    return page.locator("table.requests tbody tr").count();
  };
  assert.equal(await filtered("[name=stage]", (it) => it.selectOption("prod")), 2);
  assert.equal(await filtered("[name=api]", (it) => it.selectOption(given.api)), 4);
  assert.equal(await filtered("[name=status]", (it) => it.selectOption("4")), 1);
  assert.equal(await filtered("[name=q]", (it) => it.fill("/start")), 1);
  assert.equal(await filtered("input[type=datetime-local] >> nth=1", (it) => it.fill("2020-01-31T12:30")), 0);
  assert.equal(await filtered("input[type=datetime-local] >> nth=0", (it) => it.fill("2020-01-31T12:30")), 4);
  await check(page, "requests that were filtered");

  // --- archives
  const saved = async (click) => {
    const [download] = await Promise.all([page.waitForEvent("download"), click()]);
    return JSON.parse(readFileSync(await download.path(), "utf8")).log.entries;
  };
  await go(page, `${base}/requests?stage=qa`);
  assert.equal((await saved(() => page.getByRole("link", { name: "Download as HAR" }).first().click())).length, 2);
  await open("/start");
  const [entry] = await saved(() => page.locator("#detail").getByRole("link", { name: "Download as HAR" }).click());
  assert.equal(entry.request.postData.text, '{"total":0}');
  assert.match(entry.response.content.text, /executionArn/);

  // --- again as it was, and two side by side
  await page.locator("#detail").getByRole("button", { name: "Send", exact: true }).click();
  await page.waitForSelector("#resent .status:has-text('200')");
  await page.getByRole("button", { name: "Compare" }).click();
  await page.waitForSelector("h1:has-text('Two requests')");
  console.log("requests are filtered, explained, sent again, compared and downloaded, and lead to what they started");
}
