"""Small pieces of HTML; every text is escaped on its way in."""

from __future__ import annotations

import re
from html import escape

from porescope.apps.report.advice import percent


def count_html(value: int) -> str:
    """A count with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent_html(share: float, *, digits: int = 0) -> str:
    """A share from 0 to 1 in percent, held together on one line."""
    return escape(percent(share, digits=digits)).replace(" ", "\N{NO-BREAK SPACE}")


def formula_html(text: str) -> str:
    """A formula with its numbers set low."""
    return re.sub(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)", r"<sub>\1</sub>", escape(text))


def sentence_html(text: str) -> str:
    """A sentence whose commands, between backticks, become code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))


def doi_link(doi: str, *, text: str = "") -> str:
    """A link to a DOI, however it was written; nothing for nothing."""
    bare = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", doi.strip(), flags=re.IGNORECASE)
    if not bare:
        return ""
    safe = escape(bare, quote=True)
    return f'<a href="https://doi.org/{safe}" rel="noreferrer">{text or "doi:" + safe}</a>'


def facts_html(pairs: list[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{value}</dd>" for key, value in pairs if value)
    return f'<dl class="facts">{rows}</dl>'
