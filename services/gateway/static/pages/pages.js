// What the pages behind mailed links share: how they ask the API, and how they tell what came of it.

export const token = new URLSearchParams(location.search).get("token") ?? "";

/** Finds an element by its id. */
export const part = (id) => document.getElementById(id);

/** Asks the GraphQL API, as who holds `credential` if any; throws an Error with the text of the first error. */
export async function ask(query, variables = {}, credential = "") {
  let answer;
  try {
    const response = await fetch("/v1", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(credential && { Authorization: credential }) },
      body: JSON.stringify({ query, variables }),
    });
    answer = await response.json();
  } catch {
    throw new Error("The server did not answer. Try again in a moment.");
  }
  if (answer.errors) throw new Error(answer.errors[0].message);
  return answer.data;
}

/** Runs `work` whenever the form is sent; `explain` may say more of an error than its text does. */
export function onSend(work, explain = {}) {
  let busy = false;
  part("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy((busy = true));
    try {
      if (isComplete()) await work();
    } catch (error) {
      fail(explain[error.message] ?? error.message);
    } finally {
      setBusy((busy = false));
    }
  });
}

/** Ends the page: the form makes room for `title` and paragraphs, each a text or a node. */
export function finish(title, ...paragraphs) {
  part("form").hidden = part("lead").hidden = true;
  part("done").replaceChildren(...paragraphs.map((each) => (each instanceof Node ? each : element("p", each))));
  part("done").hidden = false;
  headed(title).focus();
  history.replaceState(null, "", location.pathname); // a used token need not stand in the address
}

/** Gives the page another heading, and returns it. */
export function headed(title) {
  document.title = `${title} – Aerodrome`;
  part("title").textContent = title;
  return part("title");
}

/** Makes an element with a text and other elements in it. */
export function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

/** Makes a link. */
export function link(address, text) {
  const made = element("a", text);
  made.href = address;
  return made;
}

/** Lets the box that says so show the password. */
export function letShowPassword() {
  part("show").addEventListener("change", () => {
    part("password").type = part("show").checked ? "text" : "password";
  });
}

function isComplete() {
  const fields = [...part("form").querySelectorAll("input:not([type=checkbox])")].filter((each) => each.offsetParent);
  for (const field of fields) field.removeAttribute("aria-invalid");
  part("failure").hidden = true;
  const wrong = fields.find((each) => !each.validity.valid);
  if (!wrong) return true;
  const name = part("form").querySelector(`label[for=${wrong.id}]`).textContent.trim();
  wrong.setAttribute("aria-invalid", "true");
  tell(wrong.validity.valueMissing ? `${name} is missing.` : `${name} is not complete or not well formed.`);
  wrong.focus();
  return false;
}

function fail(text) {
  tell(text);
  part("failure").focus();
}

function tell(text) {
  part("failure").textContent = text;
  part("failure").hidden = false;
}

function setBusy(busy) {
  part("send").setAttribute("aria-disabled", String(busy));
}
