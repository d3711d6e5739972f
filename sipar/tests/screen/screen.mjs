// Visits pages in a real browser, in both languages, and says what is wrong with them: what axe finds against WCAG 2.2
// A and AA, what is wider than a phone, and what the keyboard does not reach. What to visit comes as JSON on stdin.
// Each fault is one line on stdout; the last line counts what was visited.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { WCAG, found } from "./axe.mjs";
import { person } from "./common.mjs";

// Whoever hangs for this long will not come back; a whole run takes a tenth of it.
const RUN_MS_MAX = 600_000;
const DESK = { width: 1280, height: 900 };
// The width of most phones in the hands of people today, in CSS pixels.
const PHONE = { width: 390, height: 844 };
// Tab presses on one page: more than any page has to reach.
const TABS_MAX = 400;

setTimeout(() => { console.log("screen: it did not end in time"); process.exit(2); }, RUN_MS_MAX).unref();
const asked = JSON.parse(readFileSync(0, "utf8"));
let faults = 0;
const fault = (where, what) => { faults += 1; console.log(`${where}: ${what}`); };

const names = asked.hosts.map(([name, to]) => `MAP ${name} ${to}`).join(",");
const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: [`--host-resolver-rules=${names}`],
  // Debian's chromium has no sandbox where tests run as root.
  chromiumSandbox: false,
});
let visited = 0;
try {
  const inside = await browser.newContext({ viewport: DESK });
  await signIn(inside);
  const pages = [];
  for (const path of asked.paths) if (await isPage(inside, path)) pages.push(path);
  console.log(`pages: ${pages.join(" ")}`);
  await Promise.all([
    each(inside, pages.filter((_, place) => place % 2 === 0)),
    each(inside, pages.filter((_, place) => place % 2 === 1)),
  ]);
  const outside = await browser.newContext({ viewport: DESK });
  await each(outside, asked.public);
  await own();
  for (const path of asked.keyboard) await keyboard(inside, path);
} finally {
  await browser.close();
}
console.log(`screen: ${visited} visits, ${faults} faults`);
process.exit(faults === 0 ? 0 : 1);

// As a person does it, with the keyboard alone.
async function signIn(context) {
  const page = await context.newPage();
  await page.goto(`${asked.origin}/sign-in`);
  await page.focus("input[name=key]");
  await page.keyboard.type(asked.key);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${asked.origin}/`);
  await page.close();
}

// Somebody with an account: their link, and then their own pages. A passkey belongs to the name `localhost`.
async function own() {
  const { origin, link, paths } = asked.person;
  const one = await person(browser, { viewport: DESK });
  await each(one.context, [link], "");
  await one.page.goto(link);
  await one.page.click("form.passkey button");
  await one.page.waitForURL(`${origin}/you`);
  await each(one.context, paths, origin);
}

// Whether a path answers a browser with a page.
async function isPage(context, path) {
  const answer = await context.request.get(asked.origin + path, { headers: { accept: "text/html" }, maxRedirects: 0 });
  return (answer.headers()["content-type"] ?? "").startsWith("text/html");
}

async function each(context, paths, origin = asked.origin) {
  const page = await context.newPage();
  for (const path of paths) {
    // A page of ours elsewhere has both languages on it.
    const elsewhere = origin && path.startsWith("http");
    for (const lang of elsewhere ? ["en"] : ["en", "ur"]) await visit(page, elsewhere ? "" : origin, path, lang);
  }
  await page.close();
}

async function visit(page, origin, path, lang) {
  visited += 1;
  const where = `${path} ${lang}`;
  const scripts = [];
  const complain = (message) => { if (message.type() === "error") scripts.push(message.text()); };
  page.on("console", complain);
  await page.setViewportSize(DESK);
  await page.goto(`${origin}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`, { waitUntil: "load" });
  if (await page.getAttribute("html", "lang") !== lang) fault(where, "it is not in its language");
  await check(page, where, WCAG);
  await shot(page, path, lang, DESK);
  await page.setViewportSize(PHONE);
  await check(page, `${where} on a phone`, { type: "rule", values: ["target-size", "scrollable-region-focusable"] });
  for (const wide of await page.evaluate(tooWide)) fault(`${where} on a phone`, `it is wider than the screen: ${wide}`);
  await shot(page, path, lang, PHONE);
  page.off("console", complain);
  // A page that says 404 is a "failed resource" to the browser.
  for (const text of scripts.filter((text) => !text.includes("status of 4"))) fault(where, text);
}

async function check(page, where, runOnly) {
  for (const what of await found(page, runOnly)) fault(where, what);
}

// What makes the page scroll sideways; runs in the page.
function tooWide() {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const clipped = (element) => {
    for (let up = element.parentElement; up; up = up.parentElement) {
      if (getComputedStyle(up).overflowX !== "visible") return true;
    }
    return false;
  };
  const outside = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.right > width + 1 || box.left < -1) && !clipped(element);
  });
  const inner = outside.filter((element) => !outside.some((other) => other !== element && element.contains(other)));
  return [inner.slice(0, 3).map((element) => element.outerHTML.slice(0, 160)).join(" | ")];
}

// The first stop leads past the menu; everything that can be used is reached by Tab, and shows that it is.
async function keyboard(context, path) {
  const page = await context.newPage();
  await page.goto(asked.origin + path, { waitUntil: "load" });
  await page.keyboard.press("Tab");
  if (!await page.evaluate(() => document.activeElement.matches("a.skip"))) fault(path, "Tab does not begin at `a.skip`");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const past = () => document.querySelector("main").contains(document.activeElement) || document.activeElement.closest("footer");
  if (!await page.evaluate(past)) fault(path, "the skip link does not lead past the menu");
  await page.goto(asked.origin + path, { waitUntil: "load" });
  const stops = await page.evaluate(() => {
    globalThis.reached = new Set();
    const all = document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary");
    // Of radio buttons one is a stop, and what lies in closed details is none.
    globalThis.wanted = [...all].filter((element) => element.checkVisibility() && element.type !== "radio");
    return globalThis.wanted.length;
  });
  for (let press = 0; press < Math.min(stops + 20, TABS_MAX); press += 1) {
    await page.keyboard.press("Tab");
    const mute = await page.evaluate(() => {
      const element = document.activeElement;
      globalThis.reached.add(element);
      const shown = element === document.body || getComputedStyle(element).outlineStyle !== "none";
      return shown ? "" : element.outerHTML.slice(0, 160);
    });
    if (mute) fault(path, `nothing shows that the keyboard is here: ${mute}`);
  }
  const missed = await page.evaluate(() => globalThis.wanted.filter((one) => !globalThis.reached.has(one))
    .map((one) => one.outerHTML.slice(0, 160)));
  if (stops < TABS_MAX && missed.length > 0) fault(path, `the keyboard does not reach: ${missed.slice(0, 3).join(" | ")}`);
  await page.close();
}

// A picture for people, where a folder for them is given.
async function shot(page, path, lang, { width }) {
  if (!asked.pictures) return;
  const name = path.replaceAll(/[^a-z0-9]+/gi, "_").slice(0, 80);
  await page.screenshot({ path: `${asked.pictures}/${name}-${lang}-${width}.png`, fullPage: true });
}
