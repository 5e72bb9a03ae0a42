"""Hit rates of the retrieval space: patterns find crystals and crystals find patterns.

    python benchmarks/science/retrieval_patterns.py --structures FOLDER
    python benchmarks/science/retrieval.py --checkpoint runs/small/best.safetensors
    python benchmarks/science/retrieval.py --checkpoint A --checkpoint B --baselines --search 500

The queries are prepared patterns of frameworks that no training saw, made from their structure
files with the project's corruption model (see ``retrieval_patterns.py``), not with the corruption
of peak lists that training uses. The haystack is every card of the library, or the cards of the
held-out frameworks alone. Ranks count frameworks, not cards; a tie counts against. Untrained
baselines: the cosine of the profiles from 3° to 30°, the cosine of the sums of peaks that the
preset ``small`` starts from, and the card search. Each method's rows are kept beside each other:
running one replaces its own rows only.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.retrieval_set import RetrievalSet, retrieval_set
from porescope.datasets.splits import Side
from porescope.diffraction.search import search_cards
from porescope.errors import ConfigError
from porescope.models.checkpoint import load_model
from porescope.models.inputs import CrystalInputs, PatternInputs
from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.predict import (
    batch_of_crystals,
    embed_crystals,
    embed_patterns,
    pattern_inputs,
)
from porescope.models.retrieval.ruler import Ruler
from porescope.models.retrieval_model import RetrievalModel
from porescope.training.contents_inputs import PackedContents, contents_of_library
from porescope.training.metrics import hit_rates, ranks_of_truth
from porescope.training.peak_corruption import PeakBatch, ideal_lines
from porescope.training.peak_profiles import profiles_of_peaks
from porescope.training.retrieval_task import most_frequent_metal
from porescope.workflows.shortlist import reflection_table

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from retrieval_patterns import KINDS, RADIATION, SEED, Cases, read_cases

from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
LINE_FWHM_DEG = 0.1
"""Width that ideal lines are drawn with for the cosine of profiles [°]."""
ROWS = 512
OPEN, TOLD, FILTERED = "none", "told", "told, others left out"
"""What is known of the elements: nothing; all; all, and cards with others are not looked at."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything that methods are measured on."""

    data: RetrievalSet
    cases: dict[str, Cases]
    elements: np.ndarray
    """Which elements each card has."""
    side: Side = "test"
    """Whose frameworks are searched for."""

    def haystack(self, name: str) -> np.ndarray:
        """Rows of the cards that are looked at."""
        if name == "all cards":
            return np.arange(len(self.data))
        return self.data.rows(self.side, preferred=False)


@dataclass(frozen=True, kw_only=True)
class Method:
    """Something that turns patterns and crystals into vectors."""

    name: str
    patterns: Callable[[Cases, bool], np.ndarray]
    """Vectors of patterns, with or without their elements."""
    crystals: Callable[[np.ndarray], np.ndarray]
    """Vectors of cards."""
    reads_elements: bool
    readable: np.ndarray
    """Which cards it can read."""


def expected_elements(data: RetrievalSet, rows: np.ndarray) -> list[list[int]]:
    """Atomic numbers of the elements of cards, as the chemist would tell them."""
    return [(1 + np.flatnonzero(data.composition[row, 1:] > 0.0)).tolist() for row in rows]


def in_parts(make: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Results for many rows, some at a time."""
    return np.concatenate([make(rows[i : i + ROWS]) for i in range(0, len(rows), ROWS)])


def inputs_of_cards(data: RetrievalSet, rows: np.ndarray) -> CrystalInputs:
    """Cards as they are."""
    lines = ideal_lines(data, rows)
    return batch_of_crystals(
        lines.q,
        lines.log_intensity,
        mask=lines.mask,
        composition=data.composition[rows],
        volume_per_atom=data.volume_per_atom[rows],
    )


def inputs_of_cases(data: RetrievalSet, cases: Cases, *, told: bool) -> PatternInputs:
    """Prepared patterns."""
    n = len(cases.rows)
    return pattern_inputs(
        [cases.peak_list(i) for i in range(n)],
        [RADIATION] * n,
        elements=expected_elements(data, cases.rows) if told else None,
    )


def of_checkpoint(path: Path, bench: Bench, *, library: Library, contents: Path | None) -> Method:
    """A trained model."""
    model, card = load_model(path)
    more = extra_inputs(model, contents, library=library, data=bench.data)
    data = bench.data

    def patterns(cases: Cases, told: bool) -> np.ndarray:
        inputs = with_profiles(inputs_of_cases(data, cases, told=told), cases)
        if told:
            metal = torch.from_numpy(most_frequent_metal(data.composition[cases.rows]))
            inputs = replace(inputs, metal=metal)
        if more is not None:
            inputs = more.patterns(inputs, cases.rows)
        return embed_patterns(model, inputs, chunk=128)

    def crystals(rows: np.ndarray) -> np.ndarray:
        def make(part: np.ndarray) -> np.ndarray:
            inputs = inputs_of_cards(data, part)
            if more is not None:
                inputs = more.crystals(inputs, part)
            return embed_crystals(model, inputs, chunk=512 if more is None else 16)

        return in_parts(make, rows)

    readable = np.ones(len(data), dtype=bool)
    if more is not None:
        readable = more.available(np.arange(len(data)))
    return Method(
        name=card.preset,
        patterns=patterns,
        crystals=crystals,
        reads_elements=card.preset == "small",
        readable=readable,
    )


def extra_inputs(
    model: RetrievalModel, contents: Path | None, *, library: Library, data: RetrievalSet
) -> PackedContents | None:
    """Atoms and beads, where the model reads them."""
    if not model.needs & {"atoms", "beads", "linkers"}:
        return None
    if contents is None:
        raise ConfigError("this model reads atoms or beads; give their file with --contents")
    return contents_of_library(
        contents,
        library=library,
        numbers=data.ids,
        needs=model.needs,
        most_atoms=getattr(model.config, "most_atoms", None),
    )


def with_profiles(inputs: PatternInputs, cases: Cases) -> PatternInputs:
    """The same with the profiles of the scans."""
    return replace(inputs, profile=torch.from_numpy(cases.profiles.astype(np.float32)))


def of_profiles(bench: Bench) -> Method:
    """The cosine of the profiles from 3° to 30°."""

    def crystals(rows: np.ndarray) -> np.ndarray:
        def make(part: np.ndarray) -> np.ndarray:
            lines = ideal_lines(bench.data, part)
            angle = np.arcsin(np.minimum(lines.q * RADIATION.wavelength / (4.0 * np.pi), 0.99))
            wide = 2.0 * np.pi / RADIATION.wavelength * np.cos(angle) * np.deg2rad(LINE_FWHM_DEG)
            observed = lines.log_intensity - 2.0 * np.log(np.maximum(lines.q, 1e-3))
            drawn = PeakBatch(
                q=lines.q,
                log_intensity=observed.astype(np.float32),
                width=wide.astype(np.float32),
                mask=lines.mask,
            )
            return unit(profiles_of_peaks(drawn))

        return in_parts(make, rows)

    return Method(
        name="cosine of profiles",
        patterns=lambda cases, told: unit(cases.profiles.astype(np.float32)),
        crystals=crystals,
        reads_elements=False,
        readable=np.ones(len(bench.data), dtype=bool),
    )


def of_ruler(bench: Bench) -> Method:
    """The cosine of the sums of Gaussians that the preset ``small`` starts from, untrained."""
    settings = RetrievalConfig()
    ruler = Ruler(
        q_knee=settings.q_knee,
        q_lowest=settings.q_lowest,
        q_highest=settings.q_highest,
        step=settings.step,
        blur=settings.blur,
    )

    def patterns(cases: Cases, told: bool) -> np.ndarray:
        inputs = inputs_of_cases(bench.data, cases, told=False)
        made = ruler(inputs.q, inputs.log_intensity, inputs.mask)
        return unit(made[:, 1].numpy())

    def crystals(rows: np.ndarray) -> np.ndarray:
        def make(part: np.ndarray) -> np.ndarray:
            inputs = inputs_of_cards(bench.data, part)
            observed = inputs.log_intensity - 2.0 * inputs.q.clamp(min=1e-3).log()
            return unit(ruler(inputs.q, observed, inputs.mask)[:, 1].numpy())

        return in_parts(make, rows)

    return Method(
        name="cosine of peak sums",
        patterns=patterns,
        crystals=crystals,
        reads_elements=False,
        readable=np.ones(len(bench.data), dtype=bool),
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def measure(method: Method, bench: Bench) -> list[dict[str, object]]:
    """All rows of a method: haystacks, kinds of patterns, what is known, both directions."""
    rows: list[dict[str, object]] = []
    test = bench.haystack("held-out cards")
    whole = bool(method.readable.all())
    cards = bench.haystack("all cards") if whole else test[method.readable[test]]
    started = time.perf_counter()
    vectors = method.crystals(cards)
    per_second = len(cards) / (time.perf_counter() - started)
    places = {"held-out cards": np.flatnonzero(np.isin(cards, test))}
    if whole:
        places = {"all cards": np.arange(len(cards)), **places}
    for kind in KINDS:
        cases = bench.cases[kind]
        kept = method.readable[cases.rows]
        for known in (OPEN, TOLD, FILTERED) if method.reads_elements else (OPEN, FILTERED):
            started = time.perf_counter()
            queries = method.patterns(cases, known != OPEN)[kept]
            seconds = (time.perf_counter() - started) / len(cases.rows)
            for name, place in places.items():
                ranks = ranks_of_rows(
                    bench, queries, cases.rows[kept], vectors[place], cards[place], known=known
                )
                rows.append(
                    {
                        "method": method.name,
                        "direction": "pattern to crystal",
                        "patterns": kind,
                        "elements": known,
                        "haystack": name,
                        "n_queries": len(queries),
                        "n_haystack": len(np.unique(bench.data.frameworks[cards[place]])),
                        **hit_rates(torch.from_numpy(ranks)),
                        "ms_a_query": 1e3 * seconds,
                        "crystals_a_second": per_second,
                    }
                )
            if known == FILTERED:
                continue
            rows.append(
                {"method": method.name, "patterns": kind, "elements": known}
                | backwards(bench, queries, cases.rows[kept], vectors=vectors, cards=cards)
            )
    return rows


def backwards(
    bench: Bench, queries: np.ndarray, truth: np.ndarray, *, vectors: np.ndarray, cards: np.ndarray
) -> dict[str, object]:
    """Crystals that look for their pattern among those of all held-out frameworks."""
    own = np.searchsorted(cards, truth)
    groups = torch.from_numpy(bench.data.frameworks[truth])
    ranks = ranks_of_truth(
        torch.from_numpy(vectors[own]),
        torch.from_numpy(queries),
        query_groups=groups,
        haystack_groups=groups,
    )
    return {
        "direction": "crystal to pattern",
        "haystack": "held-out patterns",
        "n_queries": len(truth),
        "n_haystack": len(queries),
        **hit_rates(ranks),
    }


def ranks_of_rows(bench, queries, truth, vectors, cards, *, known: str) -> np.ndarray:
    """Ranks of the truths; with the filter, cards with other elements are not looked at."""
    groups = torch.from_numpy(bench.data.frameworks[cards])
    own = torch.from_numpy(bench.data.frameworks[truth])
    haystack = torch.from_numpy(vectors)
    asked = torch.from_numpy(queries)
    if known != FILTERED:
        return ranks_of_truth(asked, haystack, query_groups=own, haystack_groups=groups).numpy()
    ranks = []
    for i, row in enumerate(truth):
        kept = torch.from_numpy(allowed(bench, row)[cards])
        ranks.append(
            ranks_of_truth(
                asked[i : i + 1],
                haystack[kept],
                query_groups=own[i : i + 1],
                haystack_groups=groups[kept],
            )
        )
    return torch.cat(ranks).numpy()


def allowed(bench: Bench, row: int) -> np.ndarray:
    """Cards without elements that the card of a row lacks; water's are always allowed."""
    extra = bench.elements & ~bench.elements[row]
    extra[:, [1, 8]] = False
    return ~extra.any(axis=1)


def of_search(bench: Bench, library: Library, *, n: int) -> list[dict[str, object]]:
    """The card search over isotropic strains and zero shifts, on the first cases."""
    table = library.peak_table(threads=1)
    reflections = reflection_table(table, kind="xray")
    place = np.searchsorted(table.ids, bench.data.ids)
    frameworks = bench.data.frameworks
    rows: list[dict[str, object]] = []
    for kind in KINDS:
        cases = bench.cases[kind]
        ranks: dict[str, list[int]] = {OPEN: [], FILTERED: []}
        started = time.perf_counter()
        for i, row in enumerate(cases.rows[:n]):
            low, high = cases.ranges_deg[i]
            hits = search_cards(
                reflections, cases.peak_list(i), two_theta_range_deg=(float(low), float(high))
            )
            score = hits.score[place]
            for known, found in ranks.items():
                kept = allowed(bench, row) if known == FILTERED else np.ones(len(score), bool)
                best = np.where(kept, score, -1.0)
                better = best >= best[frameworks == frameworks[row]].max()
                found.append(len(np.unique(frameworks[better])))
        seconds = (time.perf_counter() - started) / max(len(cases.rows[:n]), 1)
        rows += [
            {
                "method": "card search",
                "direction": "pattern to crystal",
                "patterns": kind,
                "elements": known,
                "haystack": "all cards",
                "n_queries": len(found),
                "n_haystack": len(np.unique(frameworks)),
                **hit_rates(torch.tensor(found)),
                "ms_a_query": 1e3 * seconds,
            }
            for known, found in ranks.items()
        ]
    return rows


FIELDS: tuple[str, ...] = (
    "method", "direction", "patterns", "elements", "haystack", "n_queries", "n_haystack", "top_1",
    "top_5", "top_10", "mrr", "ms_a_query", "crystals_a_second", "seed", "data", "weights",
    "commit", "date", "hardware",
)  # fmt: skip


def write(rows: list[dict[str, object]], *, bench: Bench, weights: str = "") -> None:
    """Replace the rows of the methods that were run."""
    facts = {"seed": SEED, "data": bench.data.content_hash, "weights": weights, **run_facts()}
    methods = {row["method"] for row in rows}
    old: list[dict[str, object]] = []
    path = RESULTS / f"retrieval{'' if bench.side == 'test' else f'_{bench.side}'}.csv"
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as stream:
            old = [dict(r) for r in csv.DictReader(stream) if r["method"] not in methods]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=FIELDS)
        writer.writeheader()
        writer.writerows(old)
        for row in rows:
            rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
            writer.writerow(rounded | facts)
            print(rounded, flush=True)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", action="append", default=[], type=Path)
    parser.add_argument("--contents", type=Path)
    parser.add_argument("--baselines", action="store_true")
    parser.add_argument("--search", type=int, default=0, help="cases of the card search")
    parser.add_argument("--side", choices=("test", "validation"), default="test")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with Library.open([SHIPPED]) as library:
        data = retrieval_set(library)
        bench = Bench(
            data=data,
            cases=read_cases(options.side),
            elements=data.composition > 0.0,
            side=options.side,
        )
        for path in options.checkpoint:
            method = of_checkpoint(path, bench, library=library, contents=options.contents)
            write(measure(method, bench), bench=bench, weights=digest(path))
        if options.baselines:
            for method in (of_profiles(bench), of_ruler(bench)):
                write(measure(method, bench), bench=bench)
        if options.search:
            write(of_search(bench, library, n=options.search), bench=bench)
    return 0


def digest(path: Path) -> str:
    """Short hash of weights."""
    from porescope.workflows.retrieval import file_digest

    return file_digest(path.with_suffix(".safetensors"))


if __name__ == "__main__":
    sys.exit(main())
