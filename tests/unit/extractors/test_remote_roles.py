"""FTPS that begins with TLS, and S3 whose credentials are those of the machine that fetches."""

import pytest
from remote_fetching import source, take
from remote_servers import HOST, LOGIN, PASSWORD, ROLE_KEY_ID, RoleService, serving

from billing.errors import SourceError, SourceUnavailable
from extractors.remote import ftps as ftps_module
from extractors.remote.fetch import fetched


def fetching(server, connection, tmp_path, waits=()):
    return fetched(source(server, "*.csv"), connection, tmp_path / "in", waits=waits)


# --- implicit TLS --------------------------------------------------------------------------------------------------


@pytest.fixture
def implicit(tmp_path):
    with serving("ftps", tmp_path / "region", implicit=True) as running:
        running.put("konta.csv", b"NR\n1\n" * 500_000)
        yield running


def connection(server, **extra):
    return server.connection(extra={**server.connection().extra, **extra})


@pytest.mark.parametrize("by_port", [False, True])
def test_implicit_tls_is_spoken_from_the_first_byte(implicit, tmp_path, monkeypatch, by_port):
    if by_port:
        monkeypatch.setattr(ftps_module, "IMPLICIT_PORT", implicit.port)
    extra = {} if by_port else {"tls": "implicit"}
    with fetching(implicit, connection(implicit, **extra), tmp_path) as folder:
        assert (folder / "konta.csv").read_bytes() == b"NR\n1\n" * 500_000
    asked = [line.upper() for line in implicit.commands]
    assert "AUTH TLS" not in asked
    assert "PROT P" in asked and f"USER {LOGIN.upper()}" in asked


def test_implicit_tls_verifies_the_certificate_before_the_login(implicit, tmp_path):
    told = implicit.connection(extra={"tls": "implicit"})
    with pytest.raises(SourceError, match="certificate is refused"), fetching(implicit, told, tmp_path):
        pass
    assert implicit.commands == []


def test_a_broken_transfer_goes_on_over_implicit_tls(implicit, tmp_path):
    implicit.cut_after = 1_000_000
    told = connection(implicit, tls="implicit")
    with fetched(source(implicit, "*.csv"), told, tmp_path / "in", waits=(0.01, 0.01)) as folder:
        assert (folder / "konta.csv").stat().st_size == 2_500_000
    assert any(line.upper().startswith("REST") for line in implicit.commands)


def test_a_server_of_explicit_tls_is_none_of_implicit(tmp_path):
    with serving("ftps", tmp_path / "region") as server:
        told = connection(server, tls="implicit")
        with pytest.raises(SourceUnavailable, match="connection failed"), fetching(server, told, tmp_path):
            pass
        assert not any(line.startswith(("USER", "PASS")) for line in server.commands)


def test_another_word_for_tls_is_told(tmp_path):
    with serving("ftps", tmp_path / "region") as server:
        told, wanted = connection(server, tls="none"), source(server, "*.csv")
    with pytest.raises(SourceError, match="neither implicit"), fetched(wanted, told, tmp_path / "in", waits=()):
        pass


# --- credentials of the machine --------------------------------------------------------------------------------------

NONE_ELSEWHERE = {
    "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in NONE_ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    with serving("s3", tmp_path / "region") as server:
        server.put("konta.csv", b"NR\n1\n")
        server.key_ids.clear()
        yield server


@pytest.fixture
def role():
    service = RoleService()
    yield service
    service.shutdown()
    service.server_close()


def fetch_as_machine(server, into):
    told = server.connection(login=None, password=None)
    with fetched(source(server, "*.csv"), told, into, waits=()) as folder:
        assert (folder / "konta.csv").read_bytes() == b"NR\n1\n"
    return server.key_ids


def test_a_key_of_the_environment_is_used_where_the_connection_has_none(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
    assert fetch_as_machine(bucket, tmp_path / "in") == {"AKIAENVIRONMENT"}


def test_a_key_of_the_connection_goes_before_that_of_the_environment(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "inne")
    take(source(bucket, "*.csv"), bucket, tmp_path / "in")
    assert bucket.key_ids == {LOGIN}


def test_the_role_of_an_instance_is_used(bucket, role, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", role.endpoint)
    assert fetch_as_machine(bucket, tmp_path / "in") == {ROLE_KEY_ID}
    assert role.asked[0] == "/latest/api/token"


def test_the_role_of_a_container_is_used(bucket, role, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{role.endpoint}/credentials")
    assert fetch_as_machine(bucket, tmp_path / "in") == {ROLE_KEY_ID}


def test_a_profile_is_used_where_the_connection_names_one(bucket, tmp_path, monkeypatch):
    profiles = tmp_path / "credentials"
    profiles.write_text("[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n"
                        "[torun]\naws_access_key_id = AKIATORUN\naws_secret_access_key = y\n")  # fmt: skip
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    assert fetch_as_machine(bucket, tmp_path / "in") == {"AKIADEFAULT"}
    bucket.key_ids.clear()
    extra = {**bucket.connection().extra, "profile_name": "torun"}
    named = bucket.connection(login=None, password=None, extra=extra)
    with fetching(bucket, named, tmp_path):
        assert bucket.key_ids == {"AKIATORUN"}
    unknown = bucket.connection(login=None, password=None, extra={**extra, "profile_name": "none"})
    with pytest.raises(SourceError, match="finds none"), fetching(bucket, unknown, tmp_path):
        pass


def test_no_credentials_anywhere_are_told(bucket, tmp_path):
    told = bucket.connection(login=None, password=None)
    with pytest.raises(SourceUnavailable, match="boto's chain finds none") as caught, fetching(bucket, told, tmp_path):
        pass
    assert HOST not in caught.value.message
    assert bucket.key_ids <= {""}


@pytest.mark.parametrize("missing", ["login", "password"])
def test_half_a_key_is_refused(bucket, tmp_path, missing):
    with (
        pytest.raises(SourceError, match="half an access key"),
        fetching(bucket, bucket.connection(**{missing: None}), tmp_path),
    ):
        pass
