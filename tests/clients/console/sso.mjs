// Signing in with a provider, of another site: as somebody who looks, as somebody who may do more, as nobody.
import assert from "node:assert/strict";

export async function sso(page, { base, check, picture, view, given }) {
  const provided = async (name) => {
    await page.goto(`${base}/sign-in?to=${encodeURIComponent(new URL(view("state-machines", given.order)).pathname + new URL(view("state-machines", given.order)).search)}`);
    await page.getByRole("link", { name: /Sign in with localhost/ }).click();
    await page.getByRole("link", { name, exact: true }).click();
  };
  await page.goto(`${base}/sign-in`);
  await check(page, "signing in with a provider");
  await picture(page, "sign-in-provider-light");

  await provided("Vera");
  // Where they wanted to go, although they come from another site.
  await page.waitForSelector("h1:has-text('OrderFulfilment')");
  assert.match(await page.locator(".who").innerText(), /federated-user\/vera/);
  await page.waitForSelector("html[data-ready]");
  await page.getByRole("button", { name: "Start execution" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Start execution" }).click();
  await page.getByRole("dialog").getByRole("alert").filter({ hasText: "not authorized to perform: states:StartExecution" }).waitFor();
  await check(page, "a viewer");
  await page.goto(`${base}/operation`);
  await page.waitForSelector("text=not authorized to perform: stepgate:GetServer");
  await check(page, "what a viewer may not see");
  await page.getByRole("button", { name: "Sign out" }).click();

  await provided("Dora");
  await page.waitForSelector("h1:has-text('OrderFulfilment')");
  await page.waitForSelector("html[data-ready]");
  await page.getByRole("button", { name: "Start execution" }).first().click();
  await page.getByRole("dialog").getByLabel("Name").fill("by-dora");
  await page.getByRole("dialog").getByRole("button", { name: "Start execution" }).click();
  await page.waitForSelector("h1:has-text('by-dora')");
  await page.getByRole("button", { name: "Sign out" }).click();

  await provided("Nobody");
  await page.waitForSelector("text=none of its claims gives you a role in this console");
  await check(page, "nobody");
  const answered = page.url();
  await page.goto(answered);
  await page.waitForSelector("text=This sign-in was not begun here");
  console.log("people sign in with a provider, as what it says they are");
}
