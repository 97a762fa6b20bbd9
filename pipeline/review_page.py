"""The review queue as a web page: pairs side by side, buttons to decide, and who decided what.

This is a plain FastAPI application that knows no Airflow: whoever serves it says who the visitor is (`Identify`), and
without that nothing is served.  `dags/plugins/review_page.py` puts it into Airflow's interface, with Airflow's users.

Forms carry a token that is bound to the visitor, so that no other site can decide in a visitor's name.  Values are
masked; showing one pair in clear needs the right to decide, and is noted in `revealed.jsonl`.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from billing.decisions import RecordRef, record_ref, standing
from billing.errors import BillingError
from pipeline.context import Context

PAGE = 10  # pairs shown at a time
STOOD = 0  # in place of a decision's number: it stood already
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'self'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True)
class Visitor:
    """Who looks at the page.

    Attributes:
        name: Name under which decisions are kept.
        may_decide: Whether they may decide and see values in clear.
    """

    name: str
    may_decide: bool


Identify = Callable[..., Awaitable[Visitor]]
"""A FastAPI dependency: it answers with the visitor, or raises 401 or 403."""


def create_app(ctx: Callable[[], Context], identify: Identify) -> FastAPI:
    """The application.

    Args:
        ctx: Gives the context; called with every request.
        identify: Says who the visitor is; asked before anything else, for every path.
    """
    app = FastAPI(
        title="Blueline review", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(identify)]
    )
    someone = Depends(identify)

    @app.middleware("http")
    async def protect(request: Request, follow: Callable[[Request], Awaitable[Response]]) -> Response:
        answer = await follow(request)
        answer.headers.update(HEADERS)
        return answer

    @app.get("/", response_class=HTMLResponse)
    def queue(
        visitor: Visitor = someone, reason: str = "", source: str = "", offset: int = 0, done: int | None = None
    ) -> HTMLResponse:
        return _page(ctx(), visitor, reason=reason, source=source, offset=max(offset, 0), done=done)

    @app.post("/decide", response_model=None)
    def decide(
        action: Annotated[str, Form()],
        left: Annotated[str, Form()],
        right: Annotated[str, Form()],
        token: Annotated[str, Form()],
        why: Annotated[str, Form()] = "",
        visitor: Visitor = someone,
    ) -> Response:
        from loaders.decisions import Wish
        from pipeline.deciding import decide_all

        here = ctx()
        _demand(here, visitor, token)
        if action not in ("merge", "never"):
            raise HTTPException(422, "merge or never")
        try:
            known: Any = action
            wish = Wish(known, record_ref(left), record_ref(right), why)
            made = decide_all(here.database_url, [wish], actor=visitor.name)
        except BillingError as error:
            return _page(here, visitor, error=error)
        return _back(made[0].number if made else STOOD)

    @app.post("/undo", response_model=None)
    def undo(
        number: Annotated[int, Form()],
        token: Annotated[str, Form()],
        why: Annotated[str, Form()] = "",
        visitor: Visitor = someone,
    ) -> Response:
        from loaders.decisions import undo as take_back
        from loaders.warehouse import connect

        here = ctx()
        _demand(here, visitor, token)
        try:
            with connect(here.database_url, autocommit=True) as connection:
                made = take_back(connection, number, actor=visitor.name, reason=why)
        except BillingError as error:
            return _page(here, visitor, error=error)
        return _back(made.number)

    @app.post("/reveal", response_class=HTMLResponse)
    def reveal(
        left: Annotated[str, Form()],
        right: Annotated[str, Form()],
        token: Annotated[str, Form()],
        visitor: Visitor = someone,
    ) -> HTMLResponse:
        from pipeline.tracing import note_revealed

        here = ctx()
        _demand(here, visitor, token)
        try:
            pair = (record_ref(left), record_ref(right))
        except BillingError as error:
            return _page(here, visitor, error=error)
        note_revealed(here, f"review page {left} {right}", user=visitor.name)
        return _page(here, visitor, revealed=pair)

    return app


def _demand(ctx: Context, visitor: Visitor, token: str) -> None:
    if not visitor.may_decide:
        raise HTTPException(403, "you may look, but not decide")
    if not hmac.compare_digest(token.encode(), _token(ctx, visitor).encode()):
        raise HTTPException(403, "this form is not from your page: open it again")


def _token(ctx: Context, visitor: Visitor) -> str:
    return hmac.new(ctx.settings.hmac_secret(), f"review page of {visitor.name}".encode(), "sha256").hexdigest()


def _back(done: int) -> RedirectResponse:
    return RedirectResponse("./?" + urlencode({"done": done}), status_code=303)


def _page(
    ctx: Context,
    visitor: Visitor,
    *,
    reason: str = "",
    source: str = "",
    offset: int = 0,
    done: int | None = None,
    error: BillingError | None = None,
    revealed: tuple[RecordRef, RecordRef] | None = None,
) -> HTMLResponse:
    from audit.pairs import count_waiting, waiting
    from billing.errors import NoSchema
    from loaders.decisions import read_decisions
    from loaders.warehouse import connect
    from pipeline.explaining import says
    from pipeline.people import record_values, shared_fields

    try:
        with connect(ctx.database_url) as connection:
            counts = count_waiting(connection, source=source or None)
            pairs = waiting(
                connection, reason=reason or None, source=source or None, limit=None if revealed else PAGE,
                offset=0 if revealed else offset,
            )  # fmt: skip
            made = read_decisions(connection)
    except NoSchema as missing:
        counts, pairs, made, error = {}, [], [], error or missing
    if revealed:
        pairs = [pair for pair in pairs if {pair.left, pair.right} == set(revealed)]
    values = record_values(ctx, (ref for pair in pairs for ref in (pair.left, pair.right)), reveal=revealed is not None)
    stand = {d.number for d in standing(made)}
    text = _template().render(
        visitor=visitor, token=_token(ctx, visitor) if visitor.may_decide else "", counts=counts, says=says,
        pairs=[
            (pair, left, right, shared_fields(left, right) or list(pair.levels))
            for pair in pairs
            for left, right in [(values.get(pair.left, {}), values.get(pair.right, {}))]
        ],
        decisions=made[::-1][:50], standing=stand, reason=reason, source=source, offset=offset, page=PAGE,
        stood=done == STOOD, done=next((d for d in made if d.number == done), None), error=error, revealed=revealed,
        total=counts.get(reason, 0) if reason else sum(counts.values()),
        query=urlencode({"reason": reason, "source": source}),
    )  # fmt: skip
    return HTMLResponse(text, status_code=409 if error else 200)


@cache
def _template() -> Any:
    here = Path(__file__).parent
    env = Environment(
        loader=FileSystemLoader([here / "templates", here.parent / "audit" / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template("review.html")
