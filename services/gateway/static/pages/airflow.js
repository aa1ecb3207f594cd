// Leads a browser to the Airflow of a deployment: with the session that is open here, else after signing in.
import { ask, finish, letShowPassword, link, onSend, part } from "/pages/pages.js";

const OPEN = `mutation OpenAirflow($releaseName: String!, $path: String) {
  openAirflow(releaseName: $releaseName, path: $path) { url }
}`;
const SIGN_IN = `mutation SignIn($identity: String!, $password: String!) {
  createToken(identity: $identity, password: $password) { user { username } }
}`;
const NOT_ALLOWED = "You do not have the appropriate permissions for that";
const SOON_MS = 5000; // who is back so soon was not let in: the browser keeps no cookie of the Airflow's address

const asked = new URLSearchParams(location.search);
const releaseName = asked.get("release") ?? "";
const path = asked.get("path") || "/";
const OPENED = `opened ${releaseName}`;

async function open() {
  const { openAirflow } = await ask(OPEN, { releaseName, path });
  sessionStorage.setItem(OPENED, String(Date.now()));
  location.replace(openAirflow.url);
}

async function signIn() {
  await ask(SIGN_IN, { identity: part("identity").value, password: part("password").value });
  await open();
}

async function prepare() {
  if (Date.now() - Number(sessionStorage.getItem(OPENED)) < SOON_MS) {
    finish("The Airflow did not let you in", "Does your browser refuse cookies?", link(location.href, "Try again"));
    return;
  }
  const { self } = await ask("query Self { self { user { id } } }").catch(() => ({ self: null }));
  if (!self) return;
  try {
    await open();
  } catch (error) {
    finish("This Airflow can't be opened", error.message === NOT_ALLOWED ? "You have no role on it." : error.message);
  }
}

letShowPassword();
onSend(signIn);
await prepare();
