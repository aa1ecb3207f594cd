// Confirms an address by the mailed token; without one, asks for the mail again.
import { ask, finish, onSend, part, token } from "/pages/pages.js";

const CONFIRM = "mutation Confirm($token: String!) { confirmEmail(token: $token) { user { username } } }";
const RESEND = "mutation Resend($email: String!) { resendConfirmation(email: $email) }";
const EXPLAIN = { "Invalid token": "This link was used or has expired." };

async function confirm() {
  const { confirmEmail } = await ask(CONFIRM, { token });
  finish("Your address is confirmed", `You are signed in as ${confirmEmail.user.username}.`);
}

async function resend() {
  await ask(RESEND, { email: part("email").value });
  finish("Look into your mail", "If an account with this address waits for it, a new link is on its way.");
}

if (!token) {
  part("asking").hidden = false;
  part("email").required = true;
  part("lead").textContent = "Links last a day. Have a new one mailed to you.";
  part("send").textContent = "Send me a new link";
}
onSend(token ? confirm : resend, EXPLAIN);
