"""Structured logs: one event a line, with the run, source and step it belongs to; never a personal value."""

from __future__ import annotations

import logging
import sys

import structlog

from billing.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Log to standard error, for people or as JSON lines."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level.upper())),
        # Looked up for each event: whoever runs us (Airflow, a test) may put another stream in its place and close it.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


log = structlog.get_logger("blueline")
