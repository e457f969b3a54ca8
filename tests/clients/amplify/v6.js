// The current Amplify, as a page would import it.
import { Amplify } from "aws-amplify";
import { del, get, head, post, put } from "aws-amplify/api";
import { fetchAuthSession, signIn, signOut } from "aws-amplify/auth";

const methods = { get, post, put, del, head };

/** Status, headers and body of an answer, or of an error's response. */
async function told(promise) {
  try {
    const { statusCode, headers, body } = await promise;
    return { status: statusCode, headers, body: body ? await body.text() : null };
  } catch (error) {
    const { response } = error;
    return { failed: error.name, message: error.message, status: response?.statusCode, headers: response?.headers,
             body: response?.body };
  }
}

window.page = {
  configure: (config) => Amplify.configure(config),
  signIn: async (username, password) => {
    try {
      return (await signIn({ username, password })).nextStep.signInStep;
    } catch (error) {
      throw new Error(`${error.name}: ${error.message} ${error.underlyingError?.stack ?? ""}`);
    }
  },
  signOut: () => signOut(),
  session: async (forceRefresh) => {
    const session = await fetchAuthSession({ forceRefresh });
    return { identity: session.identityId, key: session.credentials?.accessKeyId, token: session.tokens?.idToken?.toString(),
             user: session.userSub };
  },
  call: (method, apiName, path, options) => told(methods[method]({ apiName, path, options }).response),
};
