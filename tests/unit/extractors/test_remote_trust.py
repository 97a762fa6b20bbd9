"""Who a server is, who may log in, and what a server may claim: nothing of it is taken on trust."""

import gc
import logging
import socket
import traceback
from dataclasses import replace

import paramiko
import pytest
from remote_fetching import source, take
from remote_servers import HOST, LOGIN, PASSWORD, certificate, serving

from billing.errors import BillingError, ContractError, SourceError, SourceUnavailable
from extractors.remote.fetch import fetched
from extractors.remote.sftp import fingerprint


@pytest.fixture
def sftp(tmp_path):
    with serving("sftp", tmp_path / "region") as running:
        running.put("konta.csv", b"NR\n1\n")
        yield running


@pytest.fixture
def ftps(tmp_path):
    with serving("ftps", tmp_path / "region") as running:
        running.put("konta.csv", b"NR\n1\n")
        yield running


@pytest.fixture
def into(tmp_path):
    return tmp_path / "in"


def refused(source, connection, into, kind=SourceError):
    """The error of a fetch that does not come about."""
    with pytest.raises(kind) as caught, fetched(source, connection, into, waits=()):
        pass
    return caught.value


@pytest.mark.parametrize("kind", ["sftp", "ftps"])
def test_a_wrong_password_is_no_fault_that_passes(kind, tmp_path, into, caplog):
    caplog.set_level(logging.DEBUG)
    with serving(kind, tmp_path / "region") as server:
        error = refused(source(server, "*.csv"), server.connection(password="Tajne-Haslo-7"), into)
    assert error.message == "the server refuses the login"
    assert not error.retryable
    told = "".join(traceback.format_exception(error)) + caplog.text + repr(error.where)
    assert "Tajne-Haslo-7" not in told
    assert not any(b"Tajne-Haslo-7" in p.read_bytes() for p in into.rglob("*") if p.is_file())


@pytest.mark.parametrize("implicit", [False, True])
def test_a_refused_login_leaves_no_socket_open(implicit, tmp_path, into):
    with serving("ftps", tmp_path / "region", implicit=implicit) as server:
        extra = {"ca_file": str(server.authority), "tls": "implicit" if implicit else "explicit"}
        error = refused(source(server, "*.csv"), server.connection(password="Tajne-Haslo-7", extra=extra), into)
        # the error holds the frames that made the connection: nothing of it is closed by being forgotten
        sockets = [item for item in gc.get_objects() if isinstance(item, socket.socket) and item.fileno() != -1]
        assert [item for item in sockets if _leads_to(item, server)] == []
    assert error.message == "the server refuses the login"


def _leads_to(opened, server):
    if opened.family not in (socket.AF_INET, socket.AF_INET6):  # others of the process have a path for a peer
        return False
    try:
        return opened.getpeername()[1] == server.port
    except OSError:
        return False


def test_a_server_that_answers_in_short_pieces_is_read_whole(sftp, into):
    data = bytes(range(256)) * 4096
    sftp.put("konta.csv", data)
    sftp.most = 10_007
    [file] = take(source(sftp, "*.csv"), sftp, into)
    assert file.path.read_bytes() == data


def test_an_unknown_host_key_is_refused_before_the_login(sftp, into, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    error = refused(source(sftp, "*.csv"), sftp.connection(extra={}), into)
    assert f"host key (ecdsa-sha2-nistp256 {fingerprint(sftp.key.asbytes())}) is not known" in error.message
    assert not error.retryable
    assert not any(transport.is_authenticated() for transport in sftp.transports)


def test_a_changed_host_key_is_refused(sftp, into):
    other = paramiko.ECDSAKey.generate()
    for extra in ({"fingerprint": "SHA256:" + "A" * 43}, {"host_key": f"{other.get_name()} {other.get_base64()}"}):
        error = refused(source(sftp, "*.csv"), sftp.connection(extra=extra), into)
        assert "is another than the declared one" in error.message
    assert not any(transport.is_authenticated() for transport in sftp.transports)


def test_a_declared_host_key_is_enough_in_each_of_its_forms(sftp, into, tmp_path, monkeypatch):
    line = f"{sftp.key.get_name()} {sftp.key.get_base64()}"
    known = tmp_path / "known_hosts"
    known.write_text(f"[{HOST}]:{sftp.port} {line}\n")
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "known_hosts").write_text(known.read_text())
    monkeypatch.setenv("HOME", str(home.parent))
    for extra in ({"host_key": line}, {"host_key": sftp.key.get_base64()}, {"known_hosts": str(known)}, {}):
        with fetched(source(sftp, "*.csv"), sftp.connection(extra=extra), into) as folder:
            assert (folder / "konta.csv").read_bytes() == b"NR\n1\n"


def test_no_host_key_check_of_the_connection_switches_nothing_off(sftp, into, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    refused(source(sftp, "*.csv"), sftp.connection(extra={"no_host_key_check": "true"}), into)


def test_a_certificate_that_nobody_vouches_for_is_refused(ftps, into):
    error = refused(source(ftps, "*.csv"), ftps.connection(extra={}), into)
    assert "certificate is refused" in error.message
    assert not error.retryable
    assert not any(line.startswith(("USER", "PASS")) for line in ftps.commands)


def test_a_certificate_of_another_host_is_refused(tmp_path, into):
    with serving("ftps", tmp_path / "region", certified="127.0.0.9") as server:
        error = refused(source(server, "*.csv"), server.connection(), into)
    assert "certificate is refused" in error.message


def test_both_channels_are_encrypted(ftps, into):
    take(source(ftps, "*.csv"), ftps, into)
    asked = [line.upper() for line in ftps.commands]
    assert asked.index("AUTH TLS") < asked.index(f"USER {LOGIN.upper()}")
    assert "PROT P" in asked[: asked.index("PASV") if "PASV" in asked else asked.index("EPSV")]


def test_plain_ftp_only_where_it_is_declared(tmp_path, into):
    with serving("ftps", tmp_path / "region", encrypted=False) as server:
        server.put("konta.csv", b"NR\n1\n")
        with pytest.raises(ValueError, match="in clear"):
            source(server, "*.csv", insecure=False)
        assert [f.name for f in take(source(server, "*.csv"), server, into)] == ["konta.csv"]
        # and a server without TLS is none for ftps://
        url = server.url.replace("ftp://", "ftps://")
        error = refused(source(server, "*.csv", url=url), server.connection(), into)
        assert not error.retryable
    assert server.commands.count(f"USER {LOGIN}") == 1, "the login went out in clear"


def test_a_server_of_old_without_machine_listings_is_read(tmp_path, into):
    with serving("ftps", tmp_path / "region", unknown=("MLSD", "MLST")) as server:
        server.put("konta.csv", b"NR\n1\n")
        server.put("2026/konta.csv", b"NR\n2\n")
        got = take(source(server, "**/konta.csv", quiet_seconds=60), server, into)
    assert [f.name for f in got] == ["2026/konta.csv", "konta.csv"]
    assert any(line.startswith("LIST") for line in server.commands)


def test_without_a_time_of_change_a_file_cannot_be_waited_for(tmp_path, into):
    with serving("ftps", tmp_path / "region", unknown=("MDTM",)) as server:
        server.put("konta.csv", b"NR\n1\n")
        assert len(take(source(server, "*.csv"), server, into)) == 1
        error = refused(source(server, "*.csv", quiet_seconds=60), server.connection(), into)
    assert "does not tell when it changed" in error.message


def test_names_in_another_code_page_are_read_where_it_is_declared(tmp_path, into):
    with serving("ftps", tmp_path / "region", names="cp1250") as server:
        server.put("wpłaty.csv", b"NR\n1\n")
        error = refused(source(server, "*.csv"), server.connection(), into)
        assert "a name in its listing is no utf-8" in error.message
        extra = {**server.connection().extra, "encoding": "cp1250"}
        with fetched(source(server, "*.csv"), server.connection(extra=extra), into) as folder:
            assert (folder / "wpłaty.csv").read_bytes() == b"NR\n1\n"


def test_an_s3_endpoint_without_tls_only_where_it_is_declared(tmp_path, into):
    with serving("s3", tmp_path / "region") as server:
        error = refused(source(server, "*.csv", insecure=False), server.connection(), into)
    assert "endpoint_url has no TLS" in error.message


def test_the_credentials_go_to_no_other_host_than_the_connection_names(sftp, into):
    error = refused(source(sftp, "*.csv"), sftp.connection(host="region.example"), into, ContractError)
    assert "region.example" in str(error)
    assert sftp.transports == []
    hostless = source(sftp, "*.csv", url="sftp:///out")
    with fetched(hostless, sftp.connection(host=HOST, port=sftp.port), into) as folder:
        assert (folder / "konta.csv").exists()


def test_a_server_that_does_not_answer_may_do_so_later(sftp, into):
    sftp.close()
    error = refused(source(sftp, "*.csv"), sftp.connection(), into, SourceUnavailable)
    assert error.retryable


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "a/b.csv"])
def test_a_name_that_leads_elsewhere_stops_the_source(sftp, into, name, tmp_path):
    sftp.listed.append(name)
    before = set(tmp_path.rglob("*"))
    error = refused(source(sftp, "*.csv"), sftp.connection(), into)
    assert "leads out of the delivery" in error.message
    assert {p for p in tmp_path.rglob("*") if "in" not in p.parts} <= before


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("x\ny.csv", "control characters"),
        ("x\x1b[2J.csv", "control characters"),
        ("ż" * 200 + ".csv", "longer than 255"),
    ],
)
def test_a_name_that_no_file_of_ours_can_have_is_told(sftp, into, name, problem):
    sftp.listed.append(name)
    error = refused(source(sftp, "*.csv"), sftp.connection(), into)
    assert problem in error.message
    assert all(c.isprintable() for c in str(error))
    sftp.listed[:] = [name.replace(".csv", ".txt")]  # nobody asked for it
    take(source(sftp, "*.csv"), sftp, into)


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv"])
def test_keys_of_a_bucket_are_judged_the_same(tmp_path, into, name):
    with serving("s3", tmp_path / "region") as server:
        server.put("konta.csv", b"NR\n1\n")
        server.put(name, b"NR\n2\n")
        try:
            taken = take(source(server, "*.csv"), server, into)
        except SourceError as error:
            assert not error.retryable
        else:
            assert [f.name for f in taken] == ["konta.csv"]  # a "folder" that no pattern leads to
    assert not (tmp_path / "x.csv").exists()


def test_a_link_on_the_server_is_refused(sftp, into):
    (sftp.out / "passwd.csv").symlink_to("/etc/passwd")
    error = refused(source(sftp, "*.csv"), sftp.connection(), into)
    assert "is no plain file" in str(error)


def test_an_error_that_repeats_a_secret_is_redacted(sftp):
    connection = replace(sftp.connection(), extra={"private_key": "abcd-key", "host_key": "ssh-rsa AAAA"})
    text = connection.redact(f"{LOGIN} {PASSWORD} abcd-key ssh-rsa AAAA")
    assert text == f"{LOGIN} *** *** ssh-rsa AAAA"


def test_a_private_key_logs_in_or_is_told_to_be_none(sftp, into):
    error = refused(source(sftp, "*.csv"), replace(sftp.connection(), extra={"private_key": "tajne"}), into)
    assert "private_key cannot be read" in error.message
    assert "tajne" not in str(error)


def test_a_private_key_is_enough(sftp, into, tmp_path):
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"), password="Tajne-Haslo-7")
    sftp.login_keys.append(key.asbytes())
    text = (tmp_path / "key").read_text()
    for more in ({"private_key": text}, {"key_file": str(tmp_path / "key")}):
        extra = {**sftp.connection().extra, **more, "private_key_passphrase": "Tajne-Haslo-7"}
        with fetched(source(sftp, "*.csv"), sftp.connection(password=None, extra=extra), into) as folder:
            assert (folder / "konta.csv").exists()
        wrong = {**extra, "private_key_passphrase": "inne"}
        error = refused(source(sftp, "*.csv"), sftp.connection(password=None, extra=wrong), into)
        assert error.message == f"the connection's {next(iter(more))} cannot be read"
        assert not error.retryable


def test_a_key_file_of_certificates_that_is_not_there_is_told(ftps, into, tmp_path):
    error = refused(source(ftps, "*.csv"), ftps.connection(extra={"ca_file": str(tmp_path / "none.pem")}), into)
    assert "ca_file" in error.message
    certificate(tmp_path, HOST)
    assert isinstance(error, BillingError)
