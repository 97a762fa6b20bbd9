"""The page for deciding: nobody unknown sees anything, nobody decides without the right to, and who did is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient
from small_world import small_world
from warehouse_loader import Loader

from billing.settings import Settings
from pipeline.context import Context
from pipeline.review_page import Visitor, create_app

PAIR = {"left": "lodz/1", "right": "opole/1"}


async def identify(request: Request) -> Visitor:
    """Who comes says so in a header; `anna` may decide."""
    name = request.headers.get("x-user")
    if name is None:
        raise HTTPException(401, "nobody is signed in")
    return Visitor(name, name == "anna")


@pytest.fixture
def loader(warehouse: str, tmp_path: Path) -> Loader:
    world = small_world()
    world.edges = [
        {"left_source_id": "lodz", "left_key": str(n), "right_source_id": "opole", "right_key": str(n),
         "match_weight": 4.5 - n, "match_probability": 0.9, "outcome": "review", "reason": reason,
         "rule": "phone", "levels": "last_name=same phone=same", "weight_pesel": 1.5}
        for n, reason in ((1, "NAME-HOME"), (2, "NAME-BIRTH"))
    ]  # fmt: skip
    load = Loader(warehouse, tmp_path)
    load(world)
    return load


@pytest.fixture
def client(loader: Loader, tmp_path: Path) -> Iterator[TestClient]:
    ctx = Context(Settings(home=tmp_path / "home", database_url=loader.url, log_level="ERROR"))
    with TestClient(create_app(lambda: ctx, identify), follow_redirects=False) as made:
        yield made


def page(client: TestClient, who: str = "anna", query: str = "") -> str:
    answer = client.get(f"/{query}", headers={"x-user": who})
    assert answer.status_code == 200
    return answer.text


def token(client: TestClient) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page(client))
    assert found
    return found[1]


def post(client: TestClient, path: str, who: str | None = "anna", **form: str) -> tuple[int, str]:
    answer = client.post(path, data=form, headers={"x-user": who} if who else {})
    return answer.status_code, answer.text


@pytest.mark.parametrize("path", ["/", "/?reason=NAME-HOME", "/docs", "/openapi.json"])
def test_nobody_unknown_sees_anything(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (401, 404)
    assert "lodz" not in answer.text


@pytest.mark.parametrize("path", ["/decide", "/undo", "/reveal"])
def test_nobody_unknown_does_anything(client: TestClient, loader: Loader, path: str) -> None:
    form = {"action": "merge", "number": "1", "why": "x", "token": token(client), **PAIR}
    assert post(client, path, None, **form)[0] == 401
    assert post(client, path, "jan", **form)[0] == 403  # may look only
    assert post(client, path, "anna", **{**form, "token": "0" * 64})[0] == 403  # not from their own page
    assert loader.rows("SELECT count(*) FROM control.match_decision") == [(0,)]


def test_the_queue_shows_pairs_with_the_strongest_first_and_filters(client: TestClient) -> None:
    text = page(client)
    assert text.index("lodz/1") < text.index("lodz/2")
    assert "the same name and home; without a birth date it may be father and son" in text
    assert 'name="action" value="merge"' in text
    assert "lodz/1" not in page(client, query="?reason=NAME-BIRTH")
    looking = page(client, "jan")
    assert "may look but not decide" in looking
    assert "<form" not in looking


def test_a_decision_is_made_told_and_taken_back(client: TestClient, loader: Loader) -> None:
    status, _ = post(client, "/decide", action="never", why="father <b>and</b> son", token=token(client), **PAIR)
    assert status == 303
    again = client.post(
        "/decide", data={"action": "never", "why": "x", "token": token(client), **PAIR}, headers={"x-user": "anna"}
    )
    assert "That was decided already" in page(client, query=again.headers["location"].removeprefix("./"))
    text = page(client)
    assert 'aria-label="lodz/1 and opole/1"' not in text  # it waits no more
    assert "father &lt;b&gt;and&lt;/b&gt; son" in text
    ((number, actor),) = loader.rows("SELECT decision_id, actor FROM control.match_decision")
    assert actor == "anna"
    assert post(client, "/undo", number=str(number), why="a slip", token=token(client))[0] == 303
    assert 'aria-label="lodz/1 and opole/1"' in page(client)
    assert loader.rows("SELECT action FROM control.match_decision ORDER BY 1") == [("never",), ("undo",)]


def test_what_cannot_be_decided_is_told_on_the_page(client: TestClient) -> None:
    status, text = post(client, "/decide", action="merge", why="x", token=token(client), left="lodz/1", right="opole/2")
    assert status == 409
    assert "two different valid PESELs" in text
    status, text = post(client, "/decide", action="merge", why=" ", token=token(client), **PAIR)
    assert (status, "without a reason" in text) == (409, True)


def test_looking_at_values_in_clear_is_noted_under_the_visitor(client: TestClient, tmp_path: Path) -> None:
    status, text = post(client, "/reveal", token=token(client), **PAIR)
    assert status == 200
    assert "lodz/2" not in text
    noted = [json.loads(line) for line in (tmp_path / "home" / "revealed.jsonl").read_text().splitlines()]
    assert [(n["user"], n["command"]) for n in noted] == [("anna", "review page lodz/1 opole/1")]


def test_no_answer_may_be_framed_elsewhere_or_kept(client: TestClient) -> None:
    headers = client.get("/", headers={"x-user": "anna"}).headers
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
