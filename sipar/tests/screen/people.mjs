// Two people, from the set-up link to the end of a session, each with a passkey device of their own.
import { check, person, look, press, run, say, text } from "./common.mjs";

const origin = process.env.SIPAR_TEST_ORIGIN;

const enrol = async ({ page }, link, fields) => {
  await page.goto(link);
  for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value);
  await page.click("form.passkey button");
  await page.waitForURL(`${origin}/you`);
};

const signIn = async ({ page }) => {
  await page.goto(`${origin}/sign-in`);
  await page.click("form.passkey button");
  await page.waitForURL(`${origin}/`);
};

const signOut = async ({ page }) => {
  await press(page, "form[action='/sign-out'] button");
};

const signedInAs = async ({ page }, handle) => {
  const who = page.locator("header .who");
  return (await who.count()) === 1 && (await who.innerText()).startsWith(handle);
};

// The session's cookie before and after, and what the browser sent to finish.
const signInWatched = async (one) => {
  let finish;
  one.page.on("request", (request) => {
    if (request.url().endsWith("/sign-in/passkey/finish")) finish = request;
  });
  await signIn(one);
  return { body: finish.postData(), headers: await finish.allHeaders() };
};

run(async (browser) => {
  const amna = await person(browser);
  await amna.page.goto(process.env.SIPAR_TEST_LINK);
  await look(amna.page, "set-up");
  await enrol(amna, process.env.SIPAR_TEST_LINK, { handle: "amna", name: "Amna Khan", passkey: "telephone" });
  check(await signedInAs(amna, "amna"), "enrolling signs in", await text(amna.page));
  check((await text(amna.page)).includes("telephone"), "the passkey has its name", await text(amna.page));
  await amna.page.goto(process.env.SIPAR_TEST_LINK);
  check((await text(amna.page)).includes("used already"), "the link works once", await text(amna.page));

  // Signing in without typing a name; the session's cookie is another one each time.
  const cookie = async () => (await amna.context.cookies()).find((one) => one.name === "sipar").value;
  const before = await cookie();
  await signOut(amna);
  check(!(await signedInAs(amna, "amna")), "signed out", await text(amna.page));
  await amna.page.goto(`${origin}/sign-in`);
  await look(amna.page, "sign-in");
  const sent = await signInWatched(amna);
  check(await signedInAs(amna, "amna"), "signed in by passkey", await text(amna.page));
  check((await cookie()) !== before, "the session is a new one", before);

  // What the browser sent is worth nothing a second time: neither with its own cookie nor with a fresh challenge.
  const replay = (headers) =>
    amna.context.request.post(`${origin}/sign-in/passkey/finish`, { data: sent.body, headers });
  const same = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
  const spent = await replay({ ...same, cookie: sent.headers.cookie });
  check(spent.status() === 403, "a spent challenge is refused", await spent.text());
  await amna.context.request.post(`${origin}/sign-in/passkey/start`, { data: "{}", headers: same });
  const replayed = await replay(same);
  check(replayed.status() === 403, "a replayed answer is refused", await replayed.text());
  const foreign = await replay({ ...same, "sec-fetch-site": "cross-site" });
  check((await foreign.text()).includes("does not come from this portal"), "another site is refused", await foreign.text());

  // A session that was proved long ago has to prove it anew, and then goes on with the very form.
  await say("stale");
  await amna.page.goto(`${origin}/people`);
  await look(amna.page, "people");
  await amna.page.fill("[name=handle]", "bilal");
  await amna.page.fill("[name=name]", "Bilal Ahmed");
  await amna.page.selectOption("[name=role]", "analyst");
  await amna.page.selectOption("[name=lang]", "ur");
  await press(amna.page, "form[action='/people'] button[type=submit]");
  check((await text(amna.page)).includes("fresh proof"), "step-up is asked for", await text(amna.page));
  await look(amna.page, "confirm");
  const proved = await cookie();
  await amna.page.click("form.passkey button");
  await amna.page.waitForSelector(".copyable code");
  check((await cookie()) !== proved, "the session goes on under another secret", proved);
  const link = await amna.page.locator(".copyable code").innerText();
  check(link.startsWith(`${origin}/enrol/`), "a link for the other", link);
  await look(amna.page, "link");

  // The other one comes in on a device of his own, and sees no more than he may.
  const bilal = await person(browser, { locale: "ur-PK" });
  await bilal.page.goto(link);
  await look(bilal.page, "enrol-ur");
  await enrol(bilal, link, { passkey: "laptop" });
  check(await signedInAs(bilal, "bilal"), "he is in", await text(bilal.page));
  const people = await bilal.page.goto(`${origin}/people`);
  check(people.status() === 403, "people are for administrators", people.status());

  // The same passkey in another browser: both sessions are listed, and one ends the other.
  const { credentials } = await bilal.devtools.send("WebAuthn.getCredentials", { authenticatorId: bilal.authenticatorId });
  const elsewhere = await person(browser);
  await elsewhere.devtools.send("WebAuthn.addCredential", {
    authenticatorId: elsewhere.authenticatorId,
    credential: credentials[0],
  });
  await signIn(elsewhere);
  check(await signedInAs(elsewhere, "bilal"), "he is in twice", await text(elsewhere.page));
  await elsewhere.page.goto(`${origin}/you`);
  await look(elsewhere.page, "you");
  const rows = elsewhere.page.locator("form[action='/you/sessions/end']");
  check((await rows.count()) === 1, "one other session is listed", await text(elsewhere.page));
  await press(elsewhere.page, rows.locator("button"));
  check((await rows.count()) === 0, "it has ended", await text(elsewhere.page));
  await bilal.page.goto(`${origin}/`);
  check(!(await signedInAs(bilal, "bilal")), "the other browser is signed out", await text(bilal.page));

  // The copy has counted on; the first device now counts back. It is not let in, and the administrator sees it.
  await bilal.page.goto(`${origin}/sign-in`);
  await bilal.page.click("form.passkey button");
  const refused = bilal.page.locator("form.passkey [role=alert]");
  await refused.waitFor({ state: "visible" });
  await look(bilal.page, "copied-ur");
  check(!(await signedInAs(bilal, "bilal")), "a passkey that counts back is refused", await refused.innerText());
  check(/پاس کی/.test(await refused.innerText()), "he is told in his language", await refused.innerText());

  // An administrator ends what is left, and the person is told.
  await amna.page.goto(`${origin}/people/bilal`);
  await look(amna.page, "person");
  await press(amna.page, "form[action='/people/bilal/end-sessions'] button");
  await elsewhere.page.goto(`${origin}/`);
  check(!(await signedInAs(elsewhere, "bilal")), "ended by the administrator", await text(elsewhere.page));
  await signIn(elsewhere);
  check(await elsewhere.page.locator("a[href='/you#trail']").isVisible(), "he is told", await text(elsewhere.page));
  await elsewhere.page.goto(`${origin}/you`);
  await look(elsewhere.page, "you-ur");

  // Keys for programs: shown once, limited to their scopes; a client's secret is exchanged for tokens.
  const makeKey = async (name, scopes, kind) => {
    await amna.page.goto(`${origin}/you/keys/new`);
    await amna.page.fill("[name=name]", name);
    await amna.page.fill("[name=scopes]", scopes);
    await amna.page.check(`[name=kind][value=${kind}]`);
    await press(amna.page, "form[action='/you/keys'] button[type=submit]");
    return amna.page.locator(".copyable code").allInnerTexts();
  };
  await say("key", (await makeKey("collector", "finding:read", "direct"))[0]);
  await look(amna.page, "key");
  await say("client", (await makeKey("exporter", "finding:read person:read", "client")).join(" "));
  await amna.page.goto(`${origin}/you`);
  check((await text(amna.page)).includes("collector"), "the key is listed", await text(amna.page));
  await look(amna.page, "you-admin");
  await press(amna.page, amna.page.locator("form[action='/you/keys/revoke'] button").last());
  await say("revoked");

  // Sessions outlive a restart of the server.
  await say("restart");
  await amna.page.goto(`${origin}/you`);
  check(await signedInAs(amna, "amna"), "still signed in after a restart", await text(amna.page));

  // Without JavaScript the page says what to do.
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const page = await plain.newPage();
  await page.goto(`${origin}/sign-in`);
  check((await text(page)).includes("needs JavaScript"), "it says what to do", await text(page));
  check(!(await page.locator("form.passkey button").isVisible()), "and offers nothing that does nothing", "");
});
