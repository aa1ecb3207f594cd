// Signs somebody up: by the token of their invitation, or without one where sign-ups are open to everybody.
import { ask, element, finish, headed, letShowPassword, link, onSend, part, token } from "/pages/pages.js";

const SIGN_UP = `mutation SignUp($email: String!, $password: String!, $profile: JSON, $inviteToken: String) {
  createUser(email: $email, password: $password, profile: $profile, inviteToken: $inviteToken) {
    user { username }
    token { value }
  }
}`;
const WORKSPACES = "query MyWorkspaces { workspaces { id label } }";
const USED = "This invitation was used or withdrawn, has expired, or its workspace was deleted. Ask whoever invited you for a new one.";
const EXPLAIN = {
  "Invite token not found": USED,
  "Email address in use":
    "There is an account with this address already. Perhaps this invitation was just used in another window; if the account is yours, sign in with it or choose a new password.",
};

async function signUp() {
  const { createUser } = await ask(SIGN_UP, {
    email: part("email").value,
    password: part("password").value,
    profile: { fullName: part("full-name").value },
    inviteToken: token || null,
  });
  if (!createUser.token) {
    finish("Confirm your address", "A mail with a link is on its way to you. Open it to confirm your address.");
    return;
  }
  const { workspaces } = await ask(WORKSPACES, {}, createUser.token.value);
  finish("Welcome", `You are signed in as ${createUser.user.username}.`, ...places(workspaces), next());
}

function places(workspaces) {
  if (!workspaces.length) return [];
  const list = element("ul", ...workspaces.map((each) => element("li", each.label)));
  return [element("div", element("p", "Your workspaces:"), list)];
}

function next() {
  const command = element("code", `astro login ${location.host}`);
  return element("p", "Go on with ", command, " or in the ", link("/playground", "GraphQL playground"), ".");
}

async function prepare() {
  part("email").value = new URLSearchParams(location.hash.slice(1)).get("email") ?? "";
  if (token) {
    headed("Accept your invitation");
    return;
  }
  part("email-hint").hidden = true;
  const { authConfig } = await ask("query SignUps { authConfig { publicSignup initialSignup } }");
  if (authConfig.initialSignup) {
    part("lead").textContent = "You are the first: you will be the administrator.";
  } else if (!authConfig.publicSignup) {
    finish("Sign-ups are by invitation", "Open the link of the mail that invited you.");
  }
}

letShowPassword();
onSend(signUp, EXPLAIN);
await prepare();
