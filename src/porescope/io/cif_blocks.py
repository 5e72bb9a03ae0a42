"""CIF syntax: from bytes to blocks of tags, also where the file breaks the rules of the syntax.

gemmi reads what is well formed. What it refuses is read again line by line, with the few
liberties that files in circulation need: lines before ``data_``, values with unbalanced quotes,
unquoted values of several words, and broken loops that have nothing to do with the structure.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import gemmi

from porescope.errors import ParseError

_LOGGER = logging.getLogger(__name__)

MAX_BYTES = 200_000_000
"""Larger files are refused: a structure with 10 000 atoms takes less than 2 MB."""

_TOKEN = re.compile(r"""'(?:[^']|'(?=\S))*'(?=\s|$)|"(?:[^"]|"(?=\S))*"(?=\s|$)|\S+""")
_WANTED_LOOP = re.compile(r"_(atom_site|symmetry_equiv|space_group_symop|atom_type)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CifLoop:
    """One loop, column by column."""

    columns: dict[str, list[str]]
    """Raw values of each tag; tags in lower case with ``_`` for ``.``."""
    line: int
    """Line of the loop in the file."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), []))


@dataclass(frozen=True, slots=True, kw_only=True)
class CifBlock:
    """One data block: the part of it that may describe a structure."""

    name: str
    """What follows ``data_``."""
    line: int
    """First line of the block."""
    pairs: dict[str, str] = field(default_factory=dict)
    """Raw values of single tags; tags in lower case with ``_`` for ``.``."""
    lines: dict[str, int] = field(default_factory=dict)
    """Line of each single tag."""
    loops: list[CifLoop] = field(default_factory=list)
    """The loops about atoms and symmetry."""

    def value(self, *tags: str) -> str | None:
        """First value among the tags that is neither missing nor ``?`` nor ``.``."""
        for tag in tags:
            raw = self.pairs.get(tag)
            if raw is None:
                column = self.column(tag)
                raw = column[0] if column else None
            text = None if raw is None else unquoted(raw).strip()
            if text and text not in ("?", "."):
                return text
        return None

    def column(self, tag: str) -> list[str] | None:
        """Raw values of a looped tag, of the first loop that has it."""
        for loop in self.loops:
            if tag in loop.columns:
                return loop.columns[tag]
        return None

    def loop_with(self, *tags: str) -> CifLoop | None:
        """First loop that has all the tags, and at least one row."""
        for loop in self.loops:
            if all(tag in loop.columns for tag in tags) and loop.n_rows:
                return loop
        return None


def unquoted(raw: str) -> str:
    """Text of a value without its quotes."""
    if len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in "'\"":
        return raw[1:-1]
    if raw.startswith(";"):
        return raw[1:].rstrip().rstrip(";")
    return raw


def read_text(path: Path) -> str:
    """Text of a file that should be a CIF.

    Raises
    ------
    ParseError
        Where the file is too large, empty, or no text.
    OSError
        Where it cannot be opened.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ParseError(
            f"expected a CIF, got {size / 1e6:.0f} MB; a structure of 10 000 atoms takes 2 MB: "
            "is this the right file?",
            path=path,
        )
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = raw.decode("utf-16", errors="replace")
    elif b"\0" in raw[:65536]:
        raise ParseError("expected a CIF, which is text, got binary data", path=path)
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    if not text.strip():
        raise ParseError("the file is empty; expected a CIF", path=path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def blocks_from_text(text: str, *, path: Path | None = None) -> list[CifBlock]:
    """Data blocks of a CIF.

    Parameters
    ----------
    text:
        The whole file, with ``\\n`` line ends.
    path:
        For the error message.

    Raises
    ------
    ParseError
        Where there is nothing that looks like CIF, or a loop of atoms is broken.
    """
    try:
        document = gemmi.cif.read_string(text)
        blocks = [_block_from_gemmi(block) for block in document]
    except (ValueError, RuntimeError, UnicodeError) as error:
        _LOGGER.info("%s: read leniently, since %s", path, error)
        blocks = []
    if not any(block.pairs or block.loops for block in blocks):
        blocks = _lenient_blocks(text, path)
    return blocks


def _tag(raw: str) -> str:
    return raw.lower().replace(".", "_")


def _block_from_gemmi(source: gemmi.cif.Block) -> CifBlock:
    block = CifBlock(name=source.name, line=1)
    for item in source:
        pair = cast("tuple[str, str] | None", item.pair)
        if pair is not None:
            tag = _tag(pair[0])
            block.pairs.setdefault(tag, pair[1])
            block.lines.setdefault(tag, item.line_number)
        elif item.loop is not None and any(_WANTED_LOOP.match(tag) for tag in item.loop.tags):
            values, width = item.loop.values, len(item.loop.tags)
            columns = {_tag(tag): values[i::width] for i, tag in enumerate(item.loop.tags)}
            block.loops.append(CifLoop(columns=columns, line=item.line_number))
    return block


@dataclass(slots=True)
class _Open:
    """The loop that is being read: its tags, and each token with its line."""

    tags: list[str]
    tokens: list[str]
    token_lines: list[int]
    line: int


def _lenient_blocks(text: str, path: Path | None) -> list[CifBlock]:
    """Blocks of a file that breaks the syntax."""
    blocks: list[CifBlock] = []
    current = CifBlock(name="", line=1)
    loop: _Open | None = None
    lines = text.split("\n")
    pending: str | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.startswith(";"):
            end = next((i for i in range(number, len(lines)) if lines[i].startswith(";")), None)
            if end is not None:
                value = "\n".join([line[1:], *lines[number:end]])
                number = end + 1
                if loop is not None:
                    loop.tokens.append(f"'{value}'")
                    loop.token_lines.append(number)
                elif pending:
                    current.pairs.setdefault(pending, f"'{value}'")
                pending = None
                continue
        tokens = _tokens(line)
        if not tokens:
            continue
        head = tokens[0].lower()
        if head.startswith("data_"):
            _close(loop, current, path)
            loop = None
            _keep(current, blocks)
            current = CifBlock(name=tokens[0][5:], line=number)
        elif head == "loop_":
            _close(loop, current, path)
            loop = _Open(tags=[], tokens=[], token_lines=[], line=number)
            _feed(loop, tokens[1:], number)
        elif loop is not None and not (head.startswith("_") and loop.tokens):
            _feed(loop, tokens, number)
        elif head.startswith("_"):
            _close(loop, current, path)
            loop = None
            tag = _tag(tokens[0])
            pending = tag if len(tokens) == 1 else None
            if len(tokens) > 1:
                current.pairs.setdefault(tag, " ".join(tokens[1:]).rstrip(","))
                current.lines.setdefault(tag, number)
        elif pending:
            current.pairs.setdefault(pending, " ".join(tokens))
            current.lines.setdefault(pending, number)
            pending = None
    _close(loop, current, path)
    _keep(current, blocks)
    if not blocks:
        raise ParseError(
            "expected a CIF, got text without a single CIF tag such as _cell_length_a", path=path
        )
    return blocks


def _tokens(line: str) -> list[str]:
    """Words of a line, quoted ones whole, up to a comment."""
    tokens = []
    for match in _TOKEN.finditer(line):
        token = match.group()
        if token.startswith("#"):
            break
        tokens.append(token)
    return tokens


def _feed(loop: _Open, tokens: list[str], line: int) -> None:
    for token in tokens:
        if token.startswith("_") and not loop.tokens:
            loop.tags.append(_tag(token))
        else:
            loop.tokens.append(token)
            loop.token_lines.append(line)


def _keep(block: CifBlock, blocks: list[CifBlock]) -> None:
    if block.pairs or block.loops:
        blocks.append(block)


def _close(loop: _Open | None, block: CifBlock, path: Path | None) -> None:
    """Put a finished loop into its block; refuse a broken one where it matters."""
    if loop is None or not any(_WANTED_LOOP.match(tag) for tag in loop.tags):
        return
    width = len(loop.tags)
    if len(loop.tokens) % width:
        if width == 1 or not any(tag.startswith("_atom_site_fract") for tag in loop.tags):
            if any(tag.endswith("_xyz") for tag in loop.tags):
                raise ParseError(
                    f"the loop of symmetry operations has {len(loop.tokens)} values "
                    f"in {width} columns; quote each operation",
                    path=path,
                    line=loop.line,
                )
            return
        line = _first_odd_row(loop)
        raise ParseError(
            f"the loop of atoms has {width} columns, and this row has another number of values; "
            "correct or complete the row",
            path=path,
            line=line,
        )
    columns = {tag: loop.tokens[i::width] for i, tag in enumerate(loop.tags)}
    block.loops.append(CifLoop(columns=columns, line=loop.line))


def _first_odd_row(loop: _Open) -> int:
    """Line of the first row that does not have one value for each column."""
    counts: dict[int, int] = {}
    for line in loop.token_lines:
        counts[line] = counts.get(line, 0) + 1
    odd = (line for line, count in counts.items() if count != len(loop.tags))
    return next(odd, loop.line)
