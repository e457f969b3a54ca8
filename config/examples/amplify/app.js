import { Amplify } from "aws-amplify";
import { get, post } from "aws-amplify/api";
import { confirmSignUp, fetchAuthSession, signIn, signOut, signUp } from "aws-amplify/auth";
import stack from "./stack.json";

const { Api, Client, Endpoint, IdentityPool, Region, UserPool } = stack.outputs;

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: UserPool,
      userPoolClientId: Client,
      identityPoolId: IdentityPool,
      allowGuestAccess: true,
      // Only these two differ from a page for AWS.
      userPoolEndpoint: Endpoint,
      identityPoolEndpoint: Endpoint,
    },
  },
  API: { REST: { items: { endpoint: Api, region: Region } } },
});

const element = (id) => document.getElementById(id);
const value = (id) => element(id).value;

/** Shows what something came to, or why it didn't. */
async function show(action) {
  try {
    element("said").textContent = JSON.stringify(await action(), null, 2);
  } catch (error) {
    element("said").textContent = `${error.name}: ${error.message}`;
  }
  const { identityId, tokens } = await fetchAuthSession().catch(() => ({}));
  element("who").textContent = `${tokens ? tokens.idToken.payload.email ?? "signed in" : "a guest"} (${identityId})`;
}

const items = (call, options) => async () => {
  const { body } = await call({ apiName: "items", path: "/items", options }).response;
  return body.json();
};
const actions = {
  signUp: () => signUp({ username: value("name"), password: value("password"), options: { userAttributes: { email: value("email") } } }),
  confirm: () => confirmSignUp({ username: value("name"), confirmationCode: value("code") }),
  signIn: () => signIn({ username: value("name"), password: value("password") }),
  signOut: () => signOut(),
  look: items(get),
  write: items(post, { body: { name: "a new item" } }),
};
for (const [id, action] of Object.entries(actions)) {
  element(id).addEventListener("click", () => show(action));
}
show(async () => "ready");
