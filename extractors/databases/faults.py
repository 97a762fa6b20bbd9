"""What a database's refusal means: is it down, was it asked the wrong thing, or may this account not ask at all?

Drivers tell by codes (SQLSTATE, MariaDB's numbers) and, where they have none, by words.  No message carries a password,
whatever a driver puts into it, nor a long number or a value that could not be cast, which may be of somebody's record.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, NoSuchTableError, OperationalError, SQLAlchemyError

from billing.errors import BillingError, SourceError, SourceUnavailable
from billing.masking import mask

_LATER = "check that it is up and reachable and that nobody locks it, then run the source again"
_LOGIN = "check the account's name and password in the environment, and its right to connect"
_RESULT = "correct the result in source.toml"
_PAGE = "say with code_page in source.toml which code page the texts are in"
_NO_TEXT = {"22021", "22P05"}
_TIMED_OUT = {"57014", 1969, 3024, "interrupted"}
_REFUSED_LOGIN = {"28000", "28P01", "3D000", 1044, 1045, 1049, 1698, 4151}
_GONE = {1040, 1042, 1053, 1158, 1159, 1160, 1161, 1205, 1213, 1317, 1927, 2002, 2003, 2005, 2006, 2013, 2014, 2055}
_GONE_CLASSES = ("08", "40", "53", "55", "57", "58")
_LOGIN_WORDS = (
    "authentication failed", "no password supplied", "pg_hba.conf", '" does not exist', "not permitted to log in",
)  # fmt: skip
_LONG_NUMBER = re.compile(r"\d{6,}")
_VALUE = re.compile(r'(?<=: )".*"')
_OF_VALUES = "22"  # the class of SQLSTATE whose messages hold the value that they complain of


@dataclass(frozen=True)
class Faults:
    """How the faults of one database are told.

    Attributes:
        where: Source and file.
        url: What was connected to; its password is taken out of every message.
        seconds: The time limit of a statement.
        driver_error: Root of the driver's own exceptions.
    """

    where: Mapping[str, str]
    url: sa.URL
    seconds: int
    driver_error: type[Exception]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn whatever the driver raises inside the block into an error with its remedy.

        Raises:
            SourceUnavailable: The database does not answer, is locked or too slow; trying again may help.
            SourceError: It answers, but refuses.
        """
        try:
            yield
        except BillingError as error:
            error.where = {**self.where, **error.where}
            raise
        except NoSuchTableError as error:
            raise SourceError(
                f"the database has no table {error}", **self.where, remedy="correct the result's source in source.toml"
            ) from None
        except DBAPIError as error:
            raise self.judged(error.orig or error, isinstance(error, OperationalError | InterfaceError)) from None
        except SQLAlchemyError as error:
            raise SourceError(
                f"the database cannot be read: {self.clean(error)}", **self.where, remedy="see the message"
            ) from None
        except self.driver_error as error:
            raise self.judged(error, type(error).__name__ in ("OperationalError", "InterfaceError")) from None

    def judged(self, error: BaseException, may_be_down: bool) -> SourceError:
        """The error to raise for a driver's.

        Args:
            error: The driver's exception.
            may_be_down: It is of a kind that drivers also use for a server that went away.
        """
        text = self.clean(error)
        number = error.args[0] if error.args and isinstance(error.args[0], int) else None
        code: object = getattr(error, "sqlstate", None) if number is None else number
        if isinstance(error, sqlite3.Error):
            code = text
            may_be_down = may_be_down and ("locked" in text or "unable to open" in text)
        if code in _TIMED_OUT:
            return SourceUnavailable(
                f"the database did not finish within {self.seconds} s: {text}",
                **self.where,
                remedy="run the source when the server is less busy, or raise statement_timeout_seconds in source.toml",
            )
        words = code is None and may_be_down and any(word in text for word in _LOGIN_WORDS)
        if code in _REFUSED_LOGIN or words:
            return SourceError(f"the database refused the account: {text}", **self.where, remedy=_LOGIN)
        gone = code in _GONE or (isinstance(code, str) and code.startswith(_GONE_CLASSES) and len(code) == 5)
        if gone or (may_be_down and (code is None or isinstance(error, sqlite3.Error))):
            return SourceUnavailable(f"the database does not answer: {text}", **self.where, remedy=_LATER)
        if code in _NO_TEXT:
            return SourceError(f"a text is not in the database's encoding: {text}", **self.where, remedy=_PAGE)
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        remedy = f"{_RESULT} or have the file sent again" if damaged else _RESULT
        return SourceError(f"the database refused the query: {text}", **self.where, remedy=remedy)

    def clean(self, error: BaseException) -> str:
        """The first line of a message, without the password and without what may be somebody's."""
        words = [str(part) for part in error.args] or [str(error)]
        text = ": ".join(word.strip() for word in words if word.strip()) or type(error).__name__
        text = text.splitlines()[0]
        if password := self.url.password:
            for form in {str(password), quote(str(password), safe=""), quote_plus(str(password))}:
                text = text.replace(form, "***")
        if str(getattr(error, "sqlstate", None) or "").startswith(_OF_VALUES):
            text = _VALUE.sub(lambda found: f'"{mask(found[0][1:-1])}"', text)
        return _LONG_NUMBER.sub(lambda found: mask(found[0]), text)
