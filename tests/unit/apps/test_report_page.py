"""The page: complete by itself, safe against texts, small, and honest about what is missing."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from synthetic import sodalite, synthetic_result

from porescope.apps.report.page import report_html

EVIL = '<script>alert("x")</script>\'"&'


class Reader(HTMLParser):
    """Collects elements, their attributes and the text that a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.scripts: dict[str, str] = {}
        self._id = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)
        self._id = dict(attrs).get("id") or ""

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[self._id] = self.scripts.get(self._id, "") + data
        elif self.open and self.open[-1] != "style":
            self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def unpack(text: str) -> tuple[dict, list[np.ndarray]]:
    """What the page's script does, written a second time."""
    blob = gzip.decompress(base64.b64decode(text))
    n_head = int.from_bytes(blob[:4], "little")
    head = json.loads(blob[4 : 4 + n_head])
    arrays, at = [], 4 + n_head
    while at < len(blob):
        n = int.from_bytes(blob[at : at + 4], "little")
        planes = np.frombuffer(blob[at + 4 : at + 4 + 4 * n], np.uint8).reshape(4, n)
        folded = (planes.astype(np.int64) * (256 ** np.arange(4))[:, None]).sum(axis=0)
        steps = np.where(folded % 2 == 1, -(folded + 1) // 2, folded // 2)
        arrays.append(np.cumsum(steps))
        at += 4 + 4 * n
    return head, arrays


def test_the_page_is_well_formed_and_complete() -> None:
    page = read(report_html(synthetic_result(), file="scan.xy"))
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    sections = {"fit", "candidates", "structure", "rest", "data", "paper"}
    assert sections <= set(ids)
    for text in (
        "This is SOD: 84 % sure",
        "None of these",
        "The scan starts at 8°",
        "quartz",
        "Background by asymmetric least squares",
        "The pattern was identified with porescope",
        "26.640",
        "the cell ran into its bound of 4 %",
    ):
        assert text.replace(" %", "\N{NO-BREAK SPACE}%") in page.text.replace(
            " %", "\N{NO-BREAK SPACE}%"
        )


def test_nothing_is_loaded_from_anywhere() -> None:
    html = report_html(synthetic_result(), file="scan.xy")
    page = read(html)
    for tag, attrs in page.tags:
        for name in ("src", "srcset", "data", "action"):
            assert not attrs.get(name), (tag, attrs)
        if tag == "link":
            assert str(attrs["href"]).startswith("data:")
        if tag == "a":
            assert re.match(r"#|https://doi\.org/|candidate_\d\d\.cif$", str(attrs["href"]))
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert "default-src 'none'" in str(policy)
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_texts_cannot_break_out() -> None:
    result = synthetic_result()
    first = replace(
        result.candidates[0],
        name=EVIL,
        id=EVIL,
        formula=EVIL,
        group=EVIL,
        source=EVIL,
        doi=EVIL,
        space_group=EVIL,
        status=EVIL,
    )
    result = replace(
        result,
        candidates=(first, *result.candidates[1:]),
        verdict=EVIL,
        methods=EVIL,
        version=EVIL,
        steps=(EVIL,),
        warnings=(EVIL,),
        settings={EVIL: EVIL},
        pattern=replace(result.pattern, name=EVIL, source_format=EVIL, notes=(EVIL,)),
        phases=tuple(replace(p, name=EVIL, id=EVIL, formula=EVIL) for p in result.phases),
        unexplained_peaks=tuple(replace(p, assigned_to=EVIL) for p in result.unexplained_peaks),
    )
    html = report_html(result, file=EVIL + "\udcff")
    assert "alert(" in html
    assert '<script>alert("x")' not in html
    page = read(html)
    assert [attrs for tag, attrs in page.tags if tag == "script"] == [
        {"type": "text/plain", "id": "packed-data"},
        {"type": "text/plain", "id": "packed-plotly"},
        {},
    ]
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_data_come_back_to_the_precision_of_the_eye() -> None:
    result = synthetic_result()
    head, arrays = unpack(read(report_html(result, file="x")).scripts["packed-data"])
    assert head["wavelength"] == pytest.approx(1.540593)
    assert [c["rank"] for c in head["candidates"]] == [1, 2, 3, 4, 5, 6]
    for candidate, record in zip(result.candidates, head["candidates"], strict=True):
        curve = candidate.curve
        assert curve is not None
        for name in ("observed", "calculated", "background"):
            packed = record["curve"][name]
            roots = arrays[packed["a"]] * packed["step"]
            values = getattr(curve, name)
            assert np.allclose(np.sign(roots) * roots**2, values, atol=1e-4 * values.max())
        x = record["curve"]["x"]
        assert np.allclose(arrays[x["a"]] * x["step"], curve.two_theta_deg, atol=1e-5)
    assert head["candidates"][0]["curve"]["observed"] == head["candidates"][1]["curve"]["observed"]


def test_the_structure_has_its_atoms_and_bonds() -> None:
    head, arrays = unpack(read(report_html(synthetic_result(), file="x")).scripts["packed-data"])
    structure = head["candidates"][0]["structure"]
    assert [e["symbol"] for e in structure["elements"]] == ["Si", "O"]
    kinds = arrays[structure["kind"]["a"]]
    assert np.bincount(kinds).tolist() == [12, 24]
    frac = arrays[structure["frac"]["a"]].reshape(-1, 3) * structure["frac"]["step"]
    bonds = structure["bonds"]
    first, second = arrays[bonds["i"]["a"]], arrays[bonds["j"]["a"]]
    shift = arrays[bonds["shift"]["a"]].reshape(-1, 3)
    assert len(first) == 2 * 48  # four bonds for each silicon, listed from both ends
    length = np.linalg.norm((frac[second] + shift - frac[first]) @ structure["lattice"], axis=1)
    assert np.allclose(length, 1.592, atol=0.002)


def test_without_coordinates_the_page_says_why_and_what_to_do() -> None:
    page = read(report_html(synthetic_result(with_crystal=False), file="x"))
    assert "porescope library add FOLDER" in page.text
    assert "not its atoms" in page.text
    head, _ = unpack(page.scripts["packed-data"])
    assert "kind" not in head["candidates"][0]["structure"]
    assert len(head["candidates"][0]["structure"]["lattice"]) == 3


def test_an_answer_without_candidates() -> None:
    page = read(report_html(synthetic_result(n_candidates=0), file="x"))
    assert "None of the frameworks in the library made this pattern" in page.text
    assert "fit" not in [attrs.get("id") for _, attrs in page.tags]
    assert page.scripts.get("packed-plotly", "") == ""


def test_numbers_that_are_none() -> None:
    nan = float("nan")
    result = synthetic_result()
    odd = replace(
        result.candidates[0],
        rwp=nan,
        rwp_le_bail=nan,
        probability=nan,
        strain_percent=(nan, nan, nan),
    )
    page = read(report_html(replace(result, candidates=(odd,), none_of_these=nan), file="x"))
    assert "nan" not in page.text.lower().replace("nanoporous", "")
    assert not any("nan" in str(attrs.get("style")) for _, attrs in page.tags)


def test_a_large_answer_stays_small() -> None:
    result = synthetic_result(n_candidates=20, n_points=40_000)
    big = sodalite()
    n = 60
    moved = [big.frac + np.array([i % 4, i // 4 % 4, i // 16]) for i in range(n)]
    big = replace(
        big,
        lattice=big.lattice * 4.0,
        frac=np.concatenate(moved) / 4.0,
        numbers=np.tile(big.numbers, n),
        occupancy=np.tile(big.occupancy, n),
        u_iso=np.tile(big.u_iso, n),
    )
    candidates = tuple(replace(candidate, crystal=big) for candidate in result.candidates)
    html = report_html(replace(result, candidates=candidates), file="x")
    assert len(html.encode()) < 2.5e6
