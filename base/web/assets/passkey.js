// Passkeys: opens the browser's own window for them and carries what it says. All that counts is decided on the server.
const fromText = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const send = async (address, body) => {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-sipar-read-by": "person" },
    body: JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.detail);
  return told;
};
const withBytes = (keys) => {
  keys.challenge = fromText(keys.challenge);
  if (keys.user) keys.user.id = fromText(keys.user.id);
  for (const known of [...(keys.excludeCredentials || []), ...(keys.allowCredentials || [])]) known.id = fromText(known.id);
  return keys;
};
const written = (credential) => {
  const { response } = credential;
  const parts = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = toText(response[name]);
  }
  const extensions = credential.getClientExtensionResults();
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: parts, extensions };
};
// `refused`: the browser, or its owner, said no. Anything else was said by the server.
const ceremony = async (form) => {
  const { publicKey } = await send(form.dataset.start, Object.fromEntries(new FormData(form)));
  const keys = withBytes(publicKey);
  const asked = keys.user ? navigator.credentials.create({ publicKey: keys }) : navigator.credentials.get({ publicKey: keys });
  const credential = await asked.catch(() => { throw new Error(form.dataset.refused); });
  return send(form.dataset.finish, written(credential));
};
for (const form of document.querySelectorAll("form[data-start]")) {
  const [button, said] = [form.querySelector("button"), form.querySelector("[role=alert]")];
  const say = (text) => { said.textContent = text; said.hidden = !text; };
  if (!window.PublicKeyCredential) { say(form.dataset.missing); continue; }
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    say("");
    try {
      const done = await ceremony(form);
      const then = form.dataset.then && document.getElementById(form.dataset.then);
      if (then) then.submit(); else location.assign(done.to);
    } catch (error) {
      say(error.message || form.dataset.refused);
      button.disabled = false;
    }
  });
}
