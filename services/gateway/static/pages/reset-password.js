// Sets a new password by the mailed token; without one, asks for the mail.
import { ask, element, finish, headed, letShowPassword, link, onSend, part, token } from "/pages/pages.js";

const RESET = `mutation Reset($token: String!, $password: String!) {
  resetPassword(token: $token, password: $password) { user { username } }
}`;
const FORGOT = "mutation Forgot($email: String!) { forgotPassword(email: $email) }";
const EXPLAIN = { "Invalid resetToken": "This link was used or has expired. Ask for a new one below." };

async function reset() {
  try {
    const { resetPassword } = await ask(RESET, { token, password: part("password").value });
    finish("Your password is changed", `You are signed in as ${resetPassword.user.username}.`);
  } catch (error) {
    if (error.message in EXPLAIN) part("again").hidden = false;
    throw error;
  }
}

async function forgot() {
  await ask(FORGOT, { email: part("email").value });
  finish("Look into your mail", "If there is an account with this address, a link is on its way. It lasts an hour.");
}

if (token) {
  letShowPassword();
  const again = element("p", link(location.pathname, "Have a new link mailed to me"));
  again.id = "again";
  again.hidden = true;
  part("form").append(again);
} else {
  headed("Forgot your password?");
  part("asking").hidden = false;
  part("choosing").hidden = true;
  part("email").required = true;
  part("lead").textContent = "Have a link mailed to you that lets you choose a new one.";
  part("send").textContent = "Send me a link";
}
onSend(token ? reset : forgot, EXPLAIN);
