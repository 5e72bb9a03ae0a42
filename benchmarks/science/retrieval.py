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

Crystals of these frameworks look for their pattern among those of all held-out frameworks, and
among patterns of all frameworks: those of the others come from their cards with the corruption of
peak lists, as making a scan of each would take a day.

The two published presets read atoms or beads, so that only what is in ``--contents`` is compared.
XtalNet's encoder looks at all pairs of atoms and takes hours for all cards on a processor; with
``--minutes`` the held-out cards are encoded and then others, drawn by seed, until the time is over.
The haystack is then called "held-out and drawn cards", and the row says how many frameworks it has.
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


def measure(
    method: Method, bench: Bench, *, minutes: float = 0.0, others: bool = True
) -> list[dict[str, object]]:
    """All rows of a method: haystacks, kinds of patterns, what is known, both directions.

    Parameters
    ----------
    method:
        What is measured.
    bench:
        Data and cases.
    minutes:
        Time for encoding crystals; 0 for all that can be read.
    others:
        Whether crystals look among patterns of all frameworks too.
    """
    rows: list[dict[str, object]] = []
    test = bench.haystack("held-out cards")
    cards, vectors, per_second = encoded(method, bench, minutes=minutes)
    whole = len(cards) == method.readable.sum()
    places = {
        "all cards" if whole else "held-out and drawn cards": np.arange(len(cards)),
        "held-out cards": np.flatnonzero(np.isin(cards, test)),
    }
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
            facts = {"method": method.name, "patterns": kind, "elements": known}
            own = {"vectors": vectors, "cards": cards}
            rows.append(facts | backwards(bench, queries, cases.rows[kept], **own))
            if others:
                more = bench.other_patterns(kind)
                seen = method.readable[more.rows]
                made = method.patterns(more, known != OPEN)[seen]
                rows.append(
                    facts
                    | backwards(
                        bench,
                        queries,
                        cases.rows[kept],
                        **own,
                        more=made,
                        more_frameworks=bench.data.frameworks[more.rows[seen]],
                    )
                )
    return rows


def encoded(
    method: Method, bench: Bench, *, minutes: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Cards, their vectors, and how many are made in a second: held-out ones before others."""
    test = bench.haystack("held-out cards")
    others = np.setdiff1d(bench.haystack("all cards"), test)
    others = np.random.default_rng(SEED).permutation(others[method.readable[others]])
    parts = [test[method.readable[test]]]
    parts += [others[i : i + 2000] for i in range(0, len(others), 2000)]
    cards, vectors = [], []
    started = time.perf_counter()
    for part in parts:
        if minutes and vectors and time.perf_counter() - started > 60.0 * minutes:
            break
        cards.append(part)
        vectors.append(method.crystals(part))
    rows = np.concatenate(cards)
    per_second = len(rows) / (time.perf_counter() - started)
    order = np.argsort(rows)
    return rows[order], np.concatenate(vectors)[order], per_second


def backwards(
    bench: Bench,
    queries: np.ndarray,
    truth: np.ndarray,
    *,
    vectors: np.ndarray,
    cards: np.ndarray,
    more: np.ndarray | None = None,
    more_frameworks: np.ndarray | None = None,
) -> dict[str, object]:
    """Crystals that look for their pattern among those of all held-out frameworks, or of all."""
    own = np.searchsorted(cards, truth)
    groups = bench.data.frameworks[truth]
    among, codes, name = queries, groups, "held-out patterns"
    if more is not None and more_frameworks is not None:
        among = np.concatenate([queries, more])
        codes, name = np.concatenate([groups, more_frameworks]), "patterns of all frameworks"
    ranks = ranks_of_truth(
        torch.from_numpy(vectors[own]),
        torch.from_numpy(among),
        query_groups=torch.from_numpy(groups),
        haystack_groups=torch.from_numpy(codes),
    )
    return {
        "direction": "crystal to pattern",
        "haystack": name,
        "n_queries": len(truth),
        "n_haystack": len(np.unique(codes)),
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


def write(
    rows: list[dict[str, object]], *, bench: Bench, weights: str = "", kept: bool = True
) -> None:
    """Replace the rows of the methods that were run; only show them where they are not kept."""
    if not kept:
        print(*rows, sep="\n")
        return
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
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="for encoding crystals; 0: all of them"
    )
    parser.add_argument(
        "--n", type=int, default=0, help="first cases alone, rows only shown; 0: all, rows written"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with Library.open([SHIPPED]) as library:
        data = retrieval_set(library)
        bench = Bench(
            data=data,
            cases={k: c.first(options.n) for k, c in read_cases(options.side).items()},
            elements=data.composition > 0.0,
            side=options.side,
        )
        for path in options.checkpoint:
            method = of_checkpoint(path, bench, library=library, contents=options.contents)
            rows = measure(method, bench, minutes=options.minutes)
            write(rows, bench=bench, weights=digest(path), kept=not options.n)
        if options.baselines:
            for method in (of_profiles(bench), of_ruler(bench)):
                write(measure(method, bench), bench=bench, kept=not options.n)
        if options.search:
            rows = of_search(bench, library, n=options.search)
            write(rows, bench=bench, kept=not options.n)
    return 0


def digest(path: Path) -> str:
    """Short hash of weights."""
    from porescope.workflows.retrieval import file_digest

    return file_digest(path.with_suffix(".safetensors"))


if __name__ == "__main__":
    sys.exit(main())
