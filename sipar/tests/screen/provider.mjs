// An outside provider of OpenID Connect: npm's oidc-provider with its own pages for trying it, on loopback.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import { say } from "./common.mjs";

let handle = (_, answer) => answer.writeHead(503).end();
const server = createServer((request, answer) => handle(request, answer));
server.listen(0, "127.0.0.1", async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  // The portal is asked where it is once it knows the provider.
  const origin = await say("issuer", issuer);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "sipar",
        client_secret: process.env.SIPAR_TEST_SECRET,
        redirect_uris: [`${origin}/sign-in/provider/back`],
      },
    ],
    cookies: { keys: ["only for this test"] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: "amna@example.org" }) }),
  });
  handle = provider.callback();
  await say("ready");
  process.exit(0);
});
