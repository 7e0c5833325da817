"""argilla://: what a server holds is read through the real client, with ranks, statuses and times."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import prefqa
from prefqa.errors import ReadError, UsageError
from prefqa.readers import argilla_server

pytestmark = [pytest.mark.sdk, pytest.mark.filterwarnings("ignore")]
ANN, BEN, MINE, YOURS, DATASET, OTHER, RANKING, STARS = (str(uuid.UUID(int=n)) for n in range(1, 9))
TIME = "2024-05-01T10:00:00.000000"


def question(number: str, name: str, **settings: Any) -> dict[str, Any]:
    return {"id": number, "name": name, "title": name, "required": True, "settings": settings, "dataset_id": DATASET}


def response(user: str, status: str, **values: Any) -> dict[str, Any]:
    said = {name: {"value": value} for name, value in values.items()}
    return {"id": str(uuid.uuid4()), "user_id": user, "status": status, "values": said, "inserted_at": TIME}


def record(number: int, *responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = {"prompt": f"question {number}", "a": "because", "b": "no reason"}
    return {
        "id": str(uuid.UUID(int=100 + number)), "external_id": f"p{number}", "status": "completed", "fields": fields,
        "metadata": {"lang": "en"}, "responses": list(responses), "suggestions": [],
    } | more  # fmt: skip


def ranked(**ranks: int) -> list[dict[str, Any]]:
    return [{"value": option, "rank": rank} for option, rank in ranks.items()]


SUGGESTION = {"id": str(uuid.UUID(int=50)), "question_id": RANKING, "agent": "gpt", "type": "model"}
RECORDS = [
    record(
        1,
        response(ANN, "submitted", ranking=ranked(a=2, b=1), stars=4),
        response(BEN, "draft", ranking=ranked(a=1, b=2)),
    ),
    record(
        2,
        response(ANN, "submitted", ranking=ranked(a=1, b=1)),
        suggestions=[SUGGESTION | {"value": ranked(a=1, b=2)}],
    ),
    record(3, response(BEN, "discarded")),
]
DATASETS = [
    {"id": DATASET, "name": "mine", "workspace_id": MINE, "guidelines": "Rank.", "status": "ready"},
    {"id": OTHER, "name": "twice", "workspace_id": MINE, "guidelines": None, "status": "ready"},
    {"id": OTHER, "name": "twice", "workspace_id": YOURS, "guidelines": None, "status": "ready"},
]
ANSWERS: dict[str, Any] = {
    "/api/v1/me": {"id": ANN, "username": "ann", "role": "owner", "first_name": "Ann"},
    "/api/v1/me/datasets": {"items": DATASETS},
    "/api/v1/me/workspaces": {"items": [{"id": MINE, "name": "lab"}, {"id": YOURS, "name": "team"}]},
    f"/api/v1/datasets/{DATASET}/questions": {
        "items": [
            question(RANKING, "ranking", type="ranking", options=[{"value": "a"}, {"value": "b"}]),
            question(STARS, "stars", type="rating", options=[{"value": n} for n in range(1, 6)]),
        ]
    },
    f"/api/v1/datasets/{DATASET}/fields": {"items": [{"name": name} for name in ("prompt", "a", "b")]},
    f"/api/v1/datasets/{OTHER}/questions": {"items": []},
    f"/api/v1/datasets/{OTHER}/fields": {"items": []},
    f"/api/v1/datasets/{OTHER}/records": {"items": []},
}


class Server(BaseHTTPRequestHandler):
    """Answers as a server of Argilla 2 does."""

    def do_GET(self) -> None:
        """Answer, if the key is right."""
        address = urlsplit(self.path)
        if self.headers["X-Argilla-Api-Key"] != "secret":
            return self.say(401, {"detail": {"code": "unauthorized"}})
        if address.path == f"/api/v1/datasets/{DATASET}/records":
            asked = parse_qs(address.query)
            assert set(asked["include"]) == {"responses", "suggestions"}
            start, limit = int(asked["offset"][0]), int(asked["limit"][0])
            return self.say(200, {"items": RECORDS[start : start + limit], "total": len(RECORDS)})
        known = address.path in ANSWERS
        return self.say(200 if known else 404, ANSWERS.get(address.path, {"detail": "not found"}))

    def say(self, status: int, body: Any) -> None:
        """Send JSON."""
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("argilla", minversion="2")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    Thread(target=running.serve_forever, daemon=True).start()
    monkeypatch.setenv("ARGILLA_API_URL", f"http://127.0.0.1:{running.server_port}")
    monkeypatch.setenv("ARGILLA_API_KEY", "secret")
    yield
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("page", [1, 2, 500])
@pytest.mark.parametrize("address", ["argilla://mine", "argilla://lab/mine"])
def test_ranks_statuses_times_and_suggestions_survive(
    server: None, monkeypatch: pytest.MonkeyPatch, address: str, page: int
) -> None:
    monkeypatch.setattr(argilla_server, "_PAGE", page)
    prefs = prefqa.read(address)
    assert prefs.source.origin == address
    assert prefs.source.shape == "argilla-records"
    long = prefs.judgments.collect()
    ranking = long.filter(criterion="ranking").select("item_id", "annotator_id", "status", "response_id", "rank")
    assert set(ranking.rows()) == {
        ("p1/ranking", ANN, "submitted", "a", 2), ("p1/ranking", ANN, "submitted", "b", 1),
        ("p1/ranking", BEN, "draft", "a", 1), ("p1/ranking", BEN, "draft", "b", 2),
        ("p2/ranking", ANN, "submitted", "a", 1), ("p2/ranking", ANN, "submitted", "b", 1),
    }  # fmt: skip
    assert long.filter(criterion="stars").drop_nulls("score")["score"].to_list() == [4.0]
    assert long["created_at"].drop_nulls().dt.year().unique().to_list() == [2024]
    assert long["guideline_version"].n_unique() == 1
    codes = {note.code for note in prefs.source.notes}
    assert {"PQ726", "PQ727"} <= codes
    assert "PQ721" not in codes
    both = prefqa.read(address, models="only").judgments.collect()
    assert set(both.select("annotator_id", "response_id", "rank").rows()) == {("gpt", "a", 1), ("gpt", "b", 2)}


def test_what_is_not_there_is_named(server: None) -> None:
    with pytest.raises(ReadError, match="did you mean 'mine'"):
        prefqa.read("argilla://mime")
    with pytest.raises(ReadError, match="2 workspaces have such a dataset"):
        prefqa.read("argilla://twice")
    with pytest.raises(ReadError, match="holds no record"):
        prefqa.read("argilla://team/twice")
    with pytest.raises(UsageError, match="names no dataset"):
        prefqa.read("argilla://a/b/c")


def test_a_server_that_refuses_is_an_error_of_ours(server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGILLA_API_KEY", "wrong")
    with pytest.raises(ReadError, match="argilla://mine: cannot be read"):
        prefqa.read("argilla://mine")
