"""A source that is fetched, under Airflow: its connection is read when the task runs, never while a DAG is parsed."""

import json
from pathlib import Path

import pytest
from remote_servers import HOST, LOGIN, PASSWORD, serving
from source_world import declare_in, remote_accounts

from extractors.remote.sftp import fingerprint

DESCRIBE = Path(__file__).with_name("describe.py").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving("sftp", tmp_path_factory.mktemp("region")) as running:
        running.put("konta.csv", b"NR;SALDO\n1;1,00\n")
        yield running


@pytest.fixture
def declared(tmp_path, server):
    declare_in(tmp_path / "sources", remote_accounts(server.url), "torun")
    return {"BLUELINE_SOURCES": str(tmp_path / "sources"), "BLUELINE_HOME": str(tmp_path / "home")}


def connection(server, **changes):
    extra = {"fingerprint": fingerprint(server.key.asbytes())}
    fields = {"conn_type": "sftp", "host": HOST, "login": LOGIN, "password": PASSWORD, "extra": extra, **changes}
    return {"AIRFLOW_CONN_REGION_TORUN": json.dumps(fields)}


UNREAD = (
    """
from airflow.sdk import Connection
from pipeline import connections
def refuse(*args, **kwargs):
    raise AssertionError("parsing read a connection")
Connection.get = refuse
connections.from_environment = refuse
"""
    + DESCRIBE
)


def test_parsing_reads_no_connection(run_python, declared, server):
    read = json.loads(run_python(UNREAD, **declared).splitlines()[-1])
    assert read["errors"] == {}
    dag = read["dags"]["source_torun"]
    assert f"`{server.url}`, connection `region_torun`" in dag["doc"]
    assert "land" in dag["tasks"]


LAND = """
import sys, types
sys.path.insert(0, "dags")
import _factory
import extractors.remote.fetch as fetch
fetch.WAITS = ()
run = types.SimpleNamespace(run_id="manual__1", run_after=None)
_factory.get_current_context = lambda: {"dag_run": run}
_factory.run_id = lambda context: "run"
try:
    print("\\n" + "returned|" + _factory._source_step("land", "torun", None))
except BaseException as raised:
    print("\\n" + type(raised).__name__ + "|" + str(raised))
"""


def test_the_task_takes_the_connection_from_airflow_and_returns_a_reference(run_python, declared, server, tmp_path):
    said = run_python(LAND, **declared, **connection(server))
    kind, _, reference = said.splitlines()[-1].partition("|")
    assert kind == "returned"
    assert reference.startswith("land/torun/")
    left = [p.read_bytes() for p in (tmp_path / "home").rglob("*") if p.is_file()]
    assert any(b"NR;SALDO" in content for content in left)
    assert not any(PASSWORD.encode() in content for content in left)
    assert PASSWORD not in said


def test_a_server_that_does_not_answer_is_left_to_the_retries(run_python, declared, server):
    said = run_python(LAND, **{**declared, **connection(server, host="")}, BLUELINE_LOG_LEVEL="ERROR")
    assert said.splitlines()[-1].startswith("returned|")  # the URL names the host
    folder = Path(declared["BLUELINE_SOURCES"]) / "torun" / "source.toml"
    folder.write_text(folder.read_text().replace(f":{server.port}/", ":1/"))
    said = run_python(LAND, **declared, **connection(server))
    assert said.splitlines()[-1].startswith("SourceUnavailable|")


def test_a_refused_login_is_not_tried_again(run_python, declared, server):
    said = run_python(LAND, **declared, **connection(server, password="Tajne-Haslo-7"))
    assert said.splitlines()[-1].startswith("AirflowFailException|")
    assert "refuses the login" in said
    assert "Tajne-Haslo-7" not in said


FORMS = [
    "sftp://blueline:zielony-Kot%2399@region.example:2222/?host_key=ssh-ed25519+AAAA&known_hosts=",
    "sftp://blueline@region.example",
    "ftps://:tylko%20has%C5%82o@region.example/out?__extra__=%7B%22ca_file%22%3A+%22%2Fetc%2Fca.pem%22%7D",
    "aws://AKIA%2F1:se%2Fcret%2B@/?region_name=eu-central-1",
    json.dumps({"conn_type": "aws", "login": "AKIA", "password": "s", "extra": {"region_name": "eu"}}),
    json.dumps({"conn_type": "sftp", "host": "h", "port": "2222", "extra": '{"fingerprint": "SHA256:x"}'}),
]
READ = """
import json, sys
sys.path.insert(0, "dags")
from _connections import from_airflow
from pipeline.connections import from_environment
for read in (from_airflow, from_environment):
    print("\\n" + json.dumps([[c.host, c.port, c.login, c.password, dict(c.extra)] for c in map(read, {names!r})]))
"""


def test_without_airflow_the_same_variables_mean_the_same(run_python):
    names = [f"form{number}" for number in range(len(FORMS))]
    variables = {f"AIRFLOW_CONN_{name.upper()}": form for name, form in zip(names, FORMS, strict=True)}
    lines = [line for line in run_python(READ.format(names=names), **variables).splitlines() if line]
    of_airflow, ours = (json.loads(line) for line in lines[-2:])
    assert ours == of_airflow
    assert ours[0] == ["region.example", 2222, "blueline", "zielony-Kot#99",
                       {"host_key": "ssh-ed25519 AAAA", "known_hosts": ""}]  # fmt: skip


def test_a_connection_that_airflow_does_not_know_is_named(run_python, declared):
    said = run_python(LAND, **declared)
    assert "region_torun" in said.splitlines()[-1]
