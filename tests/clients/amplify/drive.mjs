// Runs steps in a page of headless Chromium and prints what they return. All names of AWS lead to the server under test, whose
// certificate is its own: the page is configured exactly as it would be for AWS.
//   node drive.mjs < STEPS   with {"page": URL, "tls": "127.0.0.1:PORT", "steps": [[NAME, ARGUMENT…], …]}
import { chromium } from "playwright-core";

const input = JSON.parse(await new Response(process.stdin).text());
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--ignore-certificate-errors", `--host-resolver-rules=MAP *.amazonaws.com ${input.tls}`],
});
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const requests = [];
  page.on("request", (request) => requests.push([request.method(), request.url(), request.headers()]));
  // What the browser asks by itself before it sends.
  const preflights = [];
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  devtools.on("Network.requestWillBeSent", ({ request }) => {
    if (request.method === "OPTIONS") preflights.push([request.url, request.headers]);
  });
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  if (input.clockSkewMs) {
    await page.clock.install({ time: Date.now() + input.clockSkewMs });
  }
  await page.goto(input.page);
  const results = [];
  for (const [name, ...given] of input.steps) {
    try {
      results.push(await page.evaluate(([name, given]) => window.page[name](...given), [name, given]));
    } catch (error) {
      results.push({ threw: error.message });
    }
  }
  console.log(JSON.stringify({ results, requests, preflights, problems }));
} finally {
  await browser.close();
}
