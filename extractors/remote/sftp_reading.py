"""Reading a file over SFTP with many requests under way, so that a distant server is not waited for 32 KiB at a time.

paramiko's own `prefetch` asks ahead in a thread: where answers come quickly it takes them for all that there are, reads
the rest a second time and keeps what was prefetched in memory.  Here one thread asks and reads, with a bounded window;
it uses the same two methods of the client as paramiko's files do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import paramiko
from paramiko.sftp import CMD_DATA, CMD_READ, CMD_STATUS, int64

REQUEST_BYTES = 1 << 15  # what every server answers in one piece
REQUESTS = 64


class _Answers:
    """Takes the answers to our requests, in whatever order they come."""

    def __init__(self) -> None:
        self.data: dict[int, bytes | Exception] = {}
        self.convert: Any = None

    def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
        if kind == CMD_DATA:
            self.data[number] = message.get_string()
            return
        try:
            if kind == CMD_STATUS:
                self.convert(message)
            raise paramiko.SFTPError("an answer without data")
        except Exception as error:
            self.data[number] = error


def read_ahead(sftp: paramiko.SFTPClient, file: paramiko.SFTPFile, begin: int, end: int) -> Iterator[bytes]:
    """The bytes of an open file.

    Args:
        sftp: The client, which nobody else uses meanwhile.
        file: The file.
        begin: Offset of the first byte.
        end: Offset behind the last one.

    Yields:
        Pieces in order; they end early where the file does.

    Raises:
        OSError: The server refuses, or the connection ends (`paramiko.SSHException`, too).
    """
    answers = _Answers()
    answers.convert = sftp._convert_status
    under_way: deque[tuple[int, int, int]] = deque()  # request, offset, length
    position = begin
    while position < end or under_way:
        while position < end and len(under_way) < REQUESTS:
            length = min(REQUEST_BYTES, end - position)
            number = sftp._async_request(answers, CMD_READ, file.handle, int64(position), length)
            under_way.append((number, position, length))
            position += length
        number, offset, length = under_way.popleft()
        while number not in answers.data:
            sftp._read_response()
        data = answers.data.pop(number)
        if isinstance(data, EOFError):
            return
        if isinstance(data, Exception):
            raise data
        yield data
        if len(data) < length:  # allowed by the protocol: the rest is asked for again
            file.seek(offset + len(data))
            rest = file.read(length - len(data))
            yield rest
            if len(data) + len(rest) < length:
                return
