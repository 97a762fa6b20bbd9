"""A source that is fetched, from the command line: what is missing is named, and no secret with it."""

import sys

import pytest
from remote_servers import LOGIN, PASSWORD, serving
from source_world import declare_in, remote_accounts
from typer.testing import CliRunner

from billing.errors import ContractError
from billing.settings import load_settings
from extractors.remote.sftp import fingerprint
from pipeline import cli, context
from pipeline.connections import from_environment
from pipeline.logs import configure_logs
from pipeline.steps import run_step

runner = CliRunner()


@pytest.fixture
def server(tmp_path):
    with serving("sftp", tmp_path / "region") as running:
        running.put("subskrybenci.csv", b"x")
        yield running


@pytest.fixture
def torun(tmp_path, monkeypatch, server):
    """A declared source that is fetched from the server; its connection is not there yet."""
    monkeypatch.setenv("BLUELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BLUELINE_SOURCES", str(tmp_path / "sources"))
    monkeypatch.setenv("BLUELINE_LOG_LEVEL", "ERROR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("extractors.remote.fetch.WAITS", ())
    context.context.cache_clear()
    declare_in(tmp_path / "sources", remote_accounts(server.url), "torun")
    yield
    context.context.cache_clear()


def connect(monkeypatch, server, *, password=PASSWORD, known=True):
    mark = fingerprint(server.key.asbytes()).replace("+", "%2B").replace("/", "%2F")
    query = f"?fingerprint={mark}" if known else ""
    secret = password.replace("#", "%23")
    monkeypatch.setenv("AIRFLOW_CONN_REGION_TORUN", f"sftp://{LOGIN}:{secret}@127.0.0.1:{server.port}/{query}")


def check():
    result = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert PASSWORD not in result.output
    return result.exit_code, " ".join(result.output.split())


def test_a_missing_connection_is_named(torun):
    status, said = check()
    assert status == 2
    assert "there is no connection 'region_torun'" in said
    assert "set AIRFLOW_CONN_REGION_TORUN to its URI or JSON" in said


def test_a_missing_host_key_is_named(torun, monkeypatch, server):
    connect(monkeypatch, server, known=False)
    status, said = check()
    assert status == 2
    assert f"{fingerprint(server.key.asbytes())}) is not known" in said
    assert "host_key, fingerprint or known_hosts" in said


def test_a_missing_library_is_named(torun, monkeypatch, server):
    connect(monkeypatch, server)
    monkeypatch.delitem(sys.modules, "extractors.remote.sftp")
    monkeypatch.setitem(sys.modules, "paramiko", None)
    status, said = check()
    assert status == 2
    assert "the library paramiko is not installed" in said
    assert "blueline-billing[remote]" in said


def test_a_missing_file_and_then_a_delivery_that_fits(torun, monkeypatch, server):
    connect(monkeypatch, server)
    status, said = check()
    assert status == 2
    assert "no file matches 'konta.csv'" in said
    server.put("konta.csv", b"NR;SALDO\n1;1,00\n2;2,00\n3;3,00\n")
    status, said = check()
    assert status == 0
    assert "✓ torun: declaration is sound and fits the first records of the delivery (1 raw table)" in said
    server.put("konta.csv", b"NR;KWOTA\n1;1,00\n")
    status, said = check()
    assert "are missing (it has NR, KWOTA)" in said


def test_a_static_check_needs_neither_connection_nor_server(torun, server):
    server.close()
    result = runner.invoke(cli.app, ["sources", "check", "torun", "--static"])
    assert result.exit_code == 0


def test_a_run_keeps_no_secret_in_outcome_store_or_log(torun, monkeypatch, server, tmp_path, capfd):
    configure_logs(load_settings())
    connect(monkeypatch, server, password="Tajne-Haslo-7")
    with pytest.raises(Exception, match="refuses the login"):
        run_step("land", "torun", None, "run")
    connect(monkeypatch, server)
    server.put("konta.csv", b"NR;SALDO\n1;1,00\n")
    run_step("land", "torun", None, "run")
    kept = "".join(p.read_bytes().decode("latin-1") for p in (tmp_path / "home").rglob("*") if p.is_file())
    said = "".join(capfd.readouterr())
    assert "refuses the login" in said
    assert server.url in kept
    for secret in (PASSWORD, PASSWORD.replace("#", "%23"), "Tajne-Haslo-7"):
        assert secret not in kept + said


@pytest.mark.parametrize(
    "text", ["tajne", "sftp:tajne", '{"login": ', '{"port": "x"}', '{"extra": "[1]"}', "a://b://c://"]
)
def test_a_connection_that_cannot_be_read_is_not_repeated(monkeypatch, text):
    monkeypatch.setenv("AIRFLOW_CONN_REGION", text)
    with pytest.raises(ContractError, match="neither a URI nor JSON") as caught:
        from_environment("region")
    assert text not in str(caught.value)
