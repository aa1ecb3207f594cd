"""What the door says when it does not pass a request on: a page to people, JSON in Airflow's form to programs."""

from aiohttp import web

from services.gateway.pages import render


def refused(request: web.Request, status: int, why: str, *, styles_from: str) -> web.Response:
    """Return a refusal; the styles of a page are those of the API's origin."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == web.HTTPServiceUnavailable.status_code:
        headers["Retry-After"] = "2"
    if "text/html" in request.headers.get("Accept", ""):
        return render(
            "door.html", status=status, headers=headers, styles_from=styles_from, why=why, again=status == 503
        )
    return web.json_response({"detail": why}, status=status, headers=headers)
