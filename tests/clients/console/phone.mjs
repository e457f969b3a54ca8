// Every page on the narrowest phones: nothing beyond the edge. Pictures of each, and of those that no way through the pages has
// taken, on a desk in light and dark.
const NARROW = 360;

/** Every page: its name, its address, and what is done on it before it is looked at. */
function pages({ given, base, view }) {
  const api = (more) => `${base}/apis/view?${new URLSearchParams({ id: given.api, ...more })}`;
  const pressed = (name, shown) => async (page) => {
    await page.getByRole("button", { name, exact: true }).first().click();
    await page.waitForSelector(shown);
  };
  const first = (selector, shown) => async (page) => {
    await page.locator(selector).first().click();
    await page.waitForSelector(shown);
  };
  return [
    ["home", base],
    ["machines", `${base}/state-machines`],
    ["machine", view("state-machines", given.order)],
    ["start", view("state-machines", given.order), pressed("Start execution", "dialog[open]")],
    ["definition", view("state-machines", given.order, { tab: "definition" })],
    ["editor", `${base}/state-machines/edit?${new URLSearchParams({ arn: given.order })}`],
    ["execution", view("executions", given.done, { state: "Look up customer" })],
    ["events", view("executions", given.done, { tab: "events", event: "2" })],
    ["timeline", view("executions", given.done, { tab: "timeline" })],
    ["moment", view("executions", given.done, { tab: "timeline", at: "5" })],
    ["its-definition", view("executions", given.done, { tab: "definition" })],
    ["failed", view("executions", given.failed)],
    ["large", view("executions", given.large)],
    ["long", view("executions", given.long, { tab: "events" })],
    ["hostile", view("executions", given.hostile[0], { tab: "events", event: "5" })],
    ["map-run", view("executions", given.mapRun, { state: "Each" }), first("#detail a:has-text('Child executions')", "h1:has-text('Map Run')")],
    ["apis", `${base}/apis`],
    ["method", api({}), first(".tree a[aria-label='GET /orders']", "h2:has-text('/orders')")],
    ["stages", api({ tab: "stages" })],
    ["deployments", api({ tab: "deployments" })],
    ["import", api({ tab: "import" })],
    ["changes", `${base}/apis/changes?${new URLSearchParams({ id: given.api, stage: "dev" })}`],
    ["plans", `${base}/plans`],
    ["plan", `${base}/plans/view?${new URLSearchParams({ id: given.plan })}`],
    ["requests", `${base}/requests`],
    ["request", `${base}/requests`, async (page) => {
      await first("table.requests tbody a", "#detail .why")(page);
      await page.evaluate(() => { for (const it of document.querySelectorAll("#detail details")) it.open = true; });
    }],
    ["compared", `${base}/requests`, async (page) => {
      await first("table.requests tbody a", "#detail .why")(page);
      await page.getByRole("button", { name: "Compare" }).click();
      await page.waitForSelector("h1:has-text('Two requests')");
    }],
    ["template", `${base}/playground`, pressed("Evaluate", "#result [data-steps]")],
    ["state", `${base}/playground?tab=state`, pressed("Test state", "#result pre")],
    ["expression", `${base}/playground?tab=expression`, pressed("Evaluate", "#result pre")],
    ["operation", `${base}/operation`],
    ["no-page", `${base}/nowhere`],
  ];
}

/** What reaches beyond the edge: how wide the page is, and what makes it so. */
function beyond(narrow) {
  const scrolls = (it) => it && (["auto", "scroll", "hidden"].includes(getComputedStyle(it).overflowX) || scrolls(it.parentElement));
  const wide = [...document.querySelectorAll("body *")].filter((it) => narrow + 1 < it.getBoundingClientRect().right && !scrolls(it.parentElement));
  return { width: document.documentElement.scrollWidth, wide: wide.slice(0, 3).map((it) => it.outerHTML.slice(0, 160)) };
}

export async function phone(_, { given, base, view, browser, watched, signedIn, check, go, pictured, problems }) {
  const all = pages({ given, base, view });
  const narrow = async (page, name) => {
    const { width, wide } = await page.evaluate(beyond, NARROW);
    if (NARROW < width) problems.push(`${name} is ${width} pixels wide on a phone: ${wide.join(" | ")}`);
  };
  const small = { viewport: { width: NARROW, height: 740 }, hasTouch: true, isMobile: true };
  for (const [looks, options] of [["phone", { ...small, colorScheme: "light" }], ["light", { colorScheme: "light" }], ["dark", { colorScheme: "dark" }]]) {
    const guest = await browser.newContext({ viewport: { width: 1320, height: 860 }, ...options });
    await guest.addInitScript(watched);
    const door = await guest.newPage();
    await door.goto(`${base}/sign-in`);
    await check(door, `signing in, ${looks}`);
    await door.screenshot({ path: `pictures/sign-in-${looks}.png` });
    if (looks === "phone") {
      await door.locator("summary").click();
      await narrow(door, "signing in");
    }
    await guest.close();
    const page = await signedIn(options);
    for (const [name, address, before] of all) {
      if (looks !== "phone" && pictured.has(name)) continue;
      await page.goto(address);
      if (name !== "no-page") await page.waitForSelector("html[data-ready]");
      await before?.(page);
      if (looks === "phone") await narrow(page, name);
      await check(page, `${name}, ${looks}`);
      await page.screenshot({ path: `pictures/${name}-${looks}.png` });
    }
    if (looks === "phone") {
      await go(page, view("executions", given.done));
      await page.locator(".state[data-state='Ship']").tap();
      await page.waitForSelector("#detail h2:has-text('Ship')");
    }
    await page.context().close();
  }
  console.log(`${all.length + 1} pages fit ${NARROW} pixels, and are pictured in light and dark`);
}
