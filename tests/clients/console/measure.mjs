// How long interactions take, how much of that is the browser's and the server's own work, and how large pages are.
import { readFileSync } from "node:fs";

// How long an interaction may take, in milliseconds; one that loads a page may take twice as long. Times are printed, and
// asserted only if this is set: other work on the machine is not the console's.
export const QUICK = Number(process.env.STEPGATE_QUICK_MS ?? Infinity);
// How long the processor may be at it, in milliseconds, in the page and in the server: what else the machine does hardly counts
// there, so this is always asserted.
const WORK = 100;
// Of Linux, for /proc.
const TICK_MS = 10;

/** The processor time of the server so far, if it can be known. */
function served() {
  try {
    const fields = readFileSync(`/proc/${process.env.STEPGATE_PID}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}

export async function measured(page, problems) {
  const timings = [];
  const sizes = [];
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const worked = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find((it) => it.name === "TaskDuration").value * 1000;
  };

  /** How long it takes until something is shown, at best; `times` is 2 for a page that is loaded. */
  async function quick(name, tries, times = 1) {
    const [took, work] = [[], []];
    const before = served();
    for (const [act, shown] of tries) {
      const [began, soFar] = [performance.now(), await worked()];
      await act();
      await shown();
      took.push(performance.now() - began);
      // A page that was loaded counts from zero.
      work.push((await worked()) - (times === 1 ? soFar : 0));
    }
    const [time, own, server] = [Math.min(...took), Math.min(...work), (served() - before) / tries.length];
    timings.push(`${name} ${time.toFixed(0)} ms (${own.toFixed(0)} in the page, ${server.toFixed(0)} in the server)`);
    if (times * QUICK < time) problems.push(`${name} took ${time.toFixed(0)} ms`);
    if (times * WORK < own) problems.push(`${name} took ${own.toFixed(0)} ms of work in the page`);
    if (times * WORK < server) problems.push(`${name} took ${server.toFixed(0)} ms of work in the server`);
  }

  /** What makes a page slow on any machine: how much of it there is to send and to lay out. */
  async function bounded(name, kilobytes, elements) {
    const size = await page.evaluate(() => ({
      kilobytes: performance.getEntriesByType("navigation")[0].decodedBodySize / 1000,
      elements: document.querySelectorAll("*").length,
    }));
    sizes.push(`${name} ${size.kilobytes.toFixed(0)} kB, ${size.elements} elements`);
    if (kilobytes < size.kilobytes || elements < size.elements) problems.push(`${name}: ${size.kilobytes} kB, ${size.elements} elements`);
  }
  return { quick, bounded, timings, sizes };
}
