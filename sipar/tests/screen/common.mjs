// What every script needs: the browser, lines to and from the test, and checks that say what was there instead.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { WCAG, found } from "./axe.mjs";

// Opened by whoever talks with its test.
let lines;

// Says a line, and waits for the test's answer.
export const say = async (name, value = "") => {
  process.stdout.write(`${name} ${value}\n`);
  lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  return (await lines.next()).value;
};

export const check = (holds, what, seen) => {
  if (!holds) throw new Error(`${what}; seen: ${JSON.stringify(seen)}`);
};

// Debian's chromium; tests run as root, where its own sandbox cannot. Only our own server is visited.
export const launch = () =>
  chromium.launch({ executablePath: process.env.SIPAR_TEST_CHROMIUM, args: ["--no-sandbox"] });

// A browser profile with a passkey device in it (Chrome DevTools Protocol, WebAuthn domain).
export const person = async (browser, options = {}) => {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { context, page, devtools, authenticatorId };
};

// Presses a button whose form leads to a page, and waits for that page, be it at the same address.
export const press = async (page, button) => {
  const place = typeof button === "string" ? page.locator(button) : button;
  await Promise.all([page.waitForNavigation(), place.click()]);
};

// Looks at a page for what keeps anybody from using it, and leaves a picture where a folder for them is given.
export const look = async (page, name) => {
  const faults = await found(page, WCAG);
  check(faults.length === 0, `${name} is for everybody`, faults);
  const folder = process.env.SIPAR_TEST_SHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
};

export const text = (page) => page.locator("main").innerText();

// Runs the whole script and leaves nothing behind.
export const run = async (script) => {
  const browser = await launch();
  try {
    await script(browser);
  } finally {
    await browser.close();
  }
  process.exit(0);
};
