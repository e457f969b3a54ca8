// Amplify of the API guide of 2019, as a page would import it.
import Amplify, { API, Auth } from "aws-amplify-v1";

async function told(promise) {
  try {
    return { data: await promise };
  } catch (error) {
    return { failed: error.message, status: error.response?.status, body: error.response?.data, headers: error.response?.headers };
  }
}

window.page = {
  configure: (config) => {
    // Functions don't pass through the driver.
    for (const endpoint of config.API.endpoints) {
      const { custom } = endpoint;
      if (custom) endpoint.custom_header = async () => custom;
    }
    Amplify.configure(config);
  },
  signIn: async (username, password) => (await Auth.signIn(username, password)).username,
  signOut: () => Auth.signOut(),
  credentials: async () => (await Auth.currentCredentials()).accessKeyId,
  call: (method, apiName, path, options) => told(API[method](apiName, path, options)),
  full: async (method, apiName, path, options) => {
    const { status, data, headers } = (await told(API[method](apiName, path, { ...options, response: true }))).data;
    return { status, data, headers };
  },
};
