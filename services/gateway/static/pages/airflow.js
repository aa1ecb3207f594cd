// Leads a browser to the Airflow of a deployment: with the session that is open here, else after signing in.
import { ask, finish, headed, letShowPassword, link, onSend, part } from "/pages/pages.js";

const OPEN = `mutation OpenAirflow($releaseName: String!, $path: String) {
  openAirflow(releaseName: $releaseName, path: $path) { url }
}`;
const SIGN_IN = `mutation SignIn($identity: String!, $password: String!) {
  createToken(identity: $identity, password: $password) { user { username } }
}`;
const EXPLAIN = {
  "You do not have the appropriate permissions for that": "You may not see the Airflow of this deployment.",
  "The requested resource was not found": "There is no such deployment, or you have no role on it.",
};
const AGAIN_MS = 3000;
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
  const { self } = await ask("query Self { self { user { username } } }").catch(() => ({ self: null }));
  if (!self) return;
  part("form").hidden = true;
  try {
    await open();
  } catch (error) {
    if (error.message in EXPLAIN) refuse(EXPLAIN[error.message], self.user.username);
    else wait(error.message);
  }
}

/** Tells who is signed in that they have no role there, and lets them sign in as somebody else. */
function refuse(why, username) {
  headed("This Airflow can't be opened");
  part("lead").textContent = `${why} You are signed in as ${username}; sign in as somebody else, or ask for a role.`;
  part("form").hidden = false;
}

/** Tells what keeps the Airflow from being seen now, and tries again. */
function wait(why) {
  part("lead").textContent = `${why}. This page tries again by itself.`;
  setTimeout(() => location.reload(), AGAIN_MS);
}

letShowPassword();
onSend(signIn, EXPLAIN);
await prepare();
