"""A page as a hostile plugin of an Airflow would serve it: it tries to act on the API as whoever reads it."""

from typing import Final

ATTACK: Final = """<!doctype html>
<title>hostile</title>
<script type="module">
const api = "API";
const wish = JSON.stringify({ query: 'mutation { createWorkspace(label: "taken over") { id } }' });
const who = JSON.stringify({ query: "{ self { user { id } } }" });
const results = {};
async function attempt(name, work) {
  try { results[name] = await work(); } catch (error) { results[name] = `blocked: ${error.name}`; }
}
const post = (url, body, type) =>
  fetch(url, { method: "POST", credentials: "include", headers: { "Content-Type": type }, body });
const text = async (answer) => `${answer.status} ${await (await answer).text()}`;
const socket = (url, protocol) => new Promise((resolve) => {
  const made = new WebSocket(url, protocol);
  made.onopen = () => resolve("open");
  made.onerror = () => resolve("refused");
});
const framed = (url) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.onload = () => {
    try { resolve(frame.contentDocument ? `read: ${frame.contentDocument.body.innerHTML}` : "unreadable"); }
    catch { resolve("unreadable"); }
  };
  frame.src = url;
  document.body.append(frame);
});
await attempt("json", async () => text(await post(`${api}/v1`, wish, "application/json")));
await attempt("plain", async () => text(await post(`${api}/v1`, wish, "text/plain")));
await attempt("no-cors", async () => {
  const sent = await fetch(`${api}/v1`, { method: "POST", mode: "no-cors", credentials: "include", body: wish });
  return sent.type;
});
await attempt("page", async () => text(await fetch(`${api}/airflow`, { credentials: "include" })));
await attempt("same origin", async () => text(await post("/v1", who, "application/json")));
await attempt("same origin, wish", async () => text(await post("/v1", wish, "application/json")));
await attempt("same origin, get", async () => text(await fetch("/v1?query={self{user{id}}}")));
await attempt("cookies", async () => document.cookie);
for (const [name, url] of [["socket", api], ["socket here", location.origin]])
  await attempt(name, () => socket(`${url.replace("http", "ws")}/ws`, "graphql-transport-ws"));
for (const path of ["/playground", "/airflow?release=x", "/"])
  await attempt(`frame ${path}`, () => framed(`${api}${path}`));
await attempt("frame of ours here", () => framed("/playground"));
await attempt("worker", async () => {
  await navigator.serviceWorker.register("worker.js", { scope: "/" });
  return "registered";
});
window.results = results;
</script>
"""

PLUGIN: Final = """
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/page")
def page() -> HTMLResponse:
    return HTMLResponse(PAGE)


class Evil(AirflowPlugin):
    name = "evil"
    fastapi_apps = [{"app": app, "name": "evil", "url_prefix": "/evil"}]
"""


def attack(api: str) -> str:
    """Return the page; `window.results` holds what came of each attempt once all are over."""
    return ATTACK.replace('"API"', f'"{api}"')


def judge(results: dict[str, str]) -> None:
    """Assert that no attempt came to anything."""
    for name in ("json", "plain", "page", "worker"):
        assert results[name].startswith("blocked"), (name, results[name])
    assert results["no-cors"] == "opaque"  # sent, refused as 415, and not to be read
    for name in ("same origin", "same origin, get"):
        assert '"self":null' in results[name].replace(" ", ""), (name, results[name])
    assert "FORBIDDEN" in results["same origin, wish"]
    assert "aerodrome" not in results["cookies"]
    assert "astronomer" not in results["cookies"]
    assert {results["socket"], results["socket here"]} == {"refused"}
    for name, found in results.items():
        assert not name.startswith("frame") or found == "unreadable", (name, found)


def plugin(api: str) -> bytes:
    """Return a plugin of an Airflow 3 that serves the page below `evil/`."""
    return PLUGIN.replace("PAGE", repr(attack(api))).encode()
