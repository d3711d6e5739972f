// Signing in with an outside provider: tied to a person first, refused for strangers, never twice.
import { check, look, person, press, run, text } from "./common.mjs";

const origin = process.env.SIPAR_TEST_ORIGIN;
const BACK = `${origin}/sign-in/provider/back`;

// The provider's own pages: who one is, with any password, and then that one agrees.
const atProvider = async (page, login) => {
  await page.fill("[name=login]", login);
  await page.fill("[name=password]", "anything");
  await press(page, "button[type=submit]");
  await page.click("button[type=submit]");
};

const who = async (page) => {
  const label = page.locator("header .who");
  return (await label.count()) === 1 ? (await label.innerText()).split(" ")[0] : "nobody";
};

const goTo = async (page) => {
  await page.goto(`${origin}/sign-in`);
  await page.click("a[href='/sign-in/provider']");
};

run(async (browser) => {
  const amna = await person(browser);
  const { page } = amna;
  await page.goto(process.env.SIPAR_TEST_LINK);
  await page.fill("[name=handle]", "amna");
  await page.fill("[name=name]", "Amna Khan");
  await page.click("form.passkey button");
  await page.waitForURL(`${origin}/you`);

  // Nobody is let in whom nobody tied, whatever they are called.
  const stranger = await person(browser, { locale: "ur-PK" });
  await stranger.page.goto(`${origin}/sign-in`);
  await look(stranger.page, "sign-in-provider-ur");
  await goTo(stranger.page);
  await atProvider(stranger.page, "amna");
  await stranger.page.waitForURL(`${BACK}**`);
  check(/وہ کھاتہ یہاں کسی کا نہیں/.test(await text(stranger.page)), "a stranger is told what to do", await text(stranger.page));
  check((await who(stranger.page)) === "nobody", "and not let in", "");
  await look(stranger.page, "stranger-ur");

  // Amna ties her account of the provider to her own here.
  await page.click("a[href='/you/provider']");
  await page.waitForURL(`${origin}/you/provider`);
  await look(page, "provider-connect");
  await page.click("a[href='/you/provider/go']");
  await atProvider(page, "amna.khan");
  await page.waitForURL(`${origin}/you`);
  check((await text(page)).includes("Connected since"), "it is tied", await text(page));
  await look(page, "you-tied");

  // Then the provider's word signs her in, elsewhere too; the answer works once and in its own browser.
  const other = await person(browser);
  const answers = [];
  other.page.on("request", (request) => {
    if (request.url().startsWith(`${BACK}?`)) answers.push(request.url());
  });
  await goTo(other.page);
  await atProvider(other.page, "amna.khan");
  await other.page.waitForURL(`${origin}/`);
  check((await who(other.page)) === "amna", "signed in by the provider's word", await text(other.page));
  check(answers.length === 1 && answers[0].includes("iss="), "one answer, with its issuer", answers.length);
  await other.page.goto(answers[0]);
  check((await text(other.page)).includes("Begin again"), "the answer works once", await text(other.page));
  const third = await person(browser);
  await third.page.goto(`${BACK}?code=x&state=y`);
  check((await text(third.page)).includes("Begin again"), "and nowhere else", await text(third.page));
  await third.page.goto(`${BACK}?error=access_denied&state=y`);
  check((await text(third.page)).includes("Begin again"), "nor does a refusal", await text(third.page));

  // Being vouched for is no proof of being at the desk.
  const sensitive = await other.page.goto(`${origin}/you/keys/new`);
  check(sensitive.status() === 403 && (await text(other.page)).includes("fresh proof"), "step-up", await text(other.page));

  // Somebody new comes in by their link with the provider, once.
  await page.goto(`${origin}/people`);
  await page.fill("[name=handle]", "bilal");
  await page.fill("[name=name]", "Bilal Ahmed");
  await press(page, "form[action='/people'] button[type=submit]");
  const link = await page.locator(".copyable code").innerText();
  const bilal = await person(browser);
  await bilal.page.goto(link);
  await look(bilal.page, "enrol-provider");
  await bilal.page.click("a[href$='/provider']");
  await atProvider(bilal.page, "bilal.ahmed");
  await bilal.page.waitForURL(`${origin}/`);
  check((await who(bilal.page)) === "bilal", "he is in", await text(bilal.page));
  await bilal.page.goto(link);
  check((await text(bilal.page)).includes("used already"), "the link works once", await text(bilal.page));

  // Untied, it opens nothing any more.
  await page.goto(`${origin}/you`);
  await press(page, "form[action='/you/provider/untie'] button");
  await press(other.page, "form[action='/sign-out'] button");
  await goTo(other.page);
  await other.page.waitForURL(`${BACK}**`);
  check((await text(other.page)).includes("belongs to nobody here"), "untied", await text(other.page));
});
