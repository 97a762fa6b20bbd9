"""The delivery table: what it may say of a remote delivery, and that no secret gets through it."""

import pytest
from pydantic import ValidationError

from billing.delivery import Delivery

DAY = {"extracted_on": "2003-12-31"}


@pytest.mark.parametrize(
    "told",
    [
        {"url": "sftp://region.example/out", "connection": "region"},
        {"url": "sftp:///out", "connection": "region.torun-1"},
        {"url": "sftp://region.example:2222/~/out", "connection": "region"},
        {"url": "ftps://[::1]:990/out", "connection": "region"},
        {"url": "sftp://[::1]/out", "connection": "region"},
        {"url": "s3://bucket", "connection": "region"},
        {"url": "ftp://region.example/out", "connection": "region", "insecure": True},
    ],
)
def test_what_is_sound(told):
    assert Delivery(**DAY, **told).url == told["url"]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"url": "sftp://region.example/out"}, "url needs connection"),
        ({"connection": "region"}, "go with url"),
        ({"insecure": True}, "go with url"),
        ({"url": "sftp://h/out", "connection": "region", "path": "x"}, "either path or url"),
        ({"url": "ftp://h/out", "connection": "region"}, "in clear"),
        ({"url": "http://h/out", "connection": "region"}, "begins with none of"),
        ({"url": "/out", "connection": "region"}, "begins with none of"),
        ({"url": "sftp://ja:Tajne-Haslo-7@h/out", "connection": "region"}, "belong into the connection"),
        ({"url": "sftp://h/out?password=Tajne-Haslo-7", "connection": "region"}, "more than scheme, host and folder"),
        ({"url": "sftp://h/a/../../etc", "connection": "region"}, "leads out of its folder"),
        ({"url": "sftp://h:22x/out", "connection": "region"}, "port that is none"),
        ({"url": "s3:///out", "connection": "region"}, "names no bucket"),
        ({"url": "sftp://h/out", "connection": "a b"}, "pattern"),
        ({"repeats": "never"}, "'stop', 'warn' or 'allow'"),
    ],
)
def test_what_is_refused_is_named(told, message):
    with pytest.raises(ValidationError) as caught:
        Delivery(**DAY, **told)
    messages = "; ".join(error["msg"] for error in caught.value.errors())
    assert message in messages
    assert "Tajne" not in messages
