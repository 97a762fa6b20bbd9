"""Great Expectations' table of results, with a column for our severity and the failing rows by key and place.

It imports Great Expectations, so only `expectations.docs_site` imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from great_expectations.render import RenderedStringTemplateContent, RenderedTableContent
from great_expectations.render.renderer.content_block import ValidationResultsTableContentBlockRenderer

_SAYS = {"stop": "stops", "reject": "rejects the row", "warn": "warns"}


class GateTableRenderer(ValidationResultsTableContentBlockRenderer):
    """Status, severity, expectation (with the rows that fail), what was observed."""

    _rendered_component_default_init_kwargs: dict[str, Any] = {"table_options": {}}  # noqa: RUF012 (as the base has it)

    @classmethod
    def _process_content_block(cls, content_block: Any, has_failed_evr: bool, render_object: Any = None) -> None:
        super()._process_content_block(content_block, has_failed_evr, render_object)
        content_block.header_row = ["Status", "On failure", "Expectation", "Observed"]

    @classmethod
    def _get_content_block_fn(cls, expectation_type: str, expectation_config: Any = None) -> Callable[..., Any]:
        render = super()._get_content_block_fn(expectation_type, expectation_config)

        def row(**kwargs: Any) -> list[list[Any]]:
            result = kwargs["result"]
            meta = result.expectation_config.meta
            ((status, expectation, observed, *_),) = render(**kwargs)
            cell = expectation if isinstance(expectation, list) else [expectation]
            if expectation_type == "expect_no_row":
                cell = [_text(f"No row where {meta['says']}:"), *cell]
            if meta["samples"]:
                cell = [*cell, _failing_rows(meta["samples"], result.result["unexpected_count"], meta["severity"])]
            if isinstance(observed, str):
                observed = _text(observed)  # the view escapes values of templates, never plain cells
            return [[status, _text(_SAYS[meta["severity"]], f"severity-{meta['severity']}"), cell, observed]]

        return row


def _text(text: str, *css: str) -> RenderedStringTemplateContent:
    return RenderedStringTemplateContent(
        content_block_type="string_template",
        string_template={"template": "$text", "params": {"text": text}, "styling": {"classes": list(css)}},
    )


def _failing_rows(samples: list[dict[str, str | None]], failing: int, severity: str) -> RenderedTableContent:
    shown = f"The first {len(samples)} of {failing}" if len(samples) < failing else "All of them"
    kept = "" if severity == "stop" else "; every one is in the run's store of rejects and flags"
    return RenderedTableContent(
        content_block_type="table",
        header=f"{shown}{kept}",
        header_row=["Key", "Where", "Value"],
        table=[
            [_text(s["key"] or "none"), _text(s["place"] or ""), _text("empty" if s["value"] is None else s["value"])]
            for s in samples
        ],
        styling={"body": {"classes": ["failing-rows"]}},
    )
