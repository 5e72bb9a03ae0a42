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
from pathlib import Path

import numpy as np
import torch

from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.retrieval_set import retrieval_set
from porescope.diffraction.search import search_cards
from porescope.training.metrics import hit_rates, ranks_of_truth
from porescope.workflows.shortlist import reflection_table

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from retrieval_methods import Bench, Method, of_checkpoint, of_profiles, of_ruler
from retrieval_patterns import KINDS, SEED, read_cases

from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
OPEN, TOLD, FILTERED = "none", "told", "told, others left out"
"""What is known of the elements: nothing; all; all, and cards with others are not looked at."""


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
