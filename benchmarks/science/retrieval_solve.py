"""What the learned space adds to ``solve``: cases won and lost, on four kinds of held-out cases.

    python benchmarks/science/retrieval_solve.py --learned small --structures FOLDER --n 60

Every pattern is a corrupted scan of a framework of the test side (``identify_corrupted.py`` says
how) and is identified twice, as ``solve`` does it, without and with the learned space; nothing is
known of the sample but, in extra rows, its elements. The kinds:

corrupted
    The library as it is. Right: the framework is first.
other metal
    All cards of the framework are taken out, those of its net with another metal stay. Right: one
    of these is among the first ten of the list.
other group
    Cards of the same bond graph are taken out whatever the metal; frameworks of the same net,
    nodes and metals whose linkers carry other groups stay (``retrieval_relatives.py``). Right: one
    of these is among the first ten of the list.
no relative
    All of these are taken out. Right: no framework is named.

A framework is named where the verdict would say that it is, or probably is, it: "none of these"
below a half, and the first with its like of other metals at a half or more. A name is false where
it is neither the framework nor a relative. One line a case; a stopped run goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from porescope.crystal.symmetry import find_symmetry
from porescope.datasets.cards import PowderCard
from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.retrieval_set import retrieval_set
from porescope.diffraction.corrupt import corrupt_pattern
from porescope.diffraction.prepare import PreparedPattern, prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.models.shipped import weights_file
from porescope.workflows.candidate_fits import CandidateFit, FitTask, fit_card, fit_task
from porescope.workflows.evidence import LEARNED_FEATURES
from porescope.workflows.identify import Identification, SearchSpace, identify_peaks
from porescope.workflows.learned import LearnedQuery
from porescope.workflows.probability import shipped_model
from porescope.workflows.retrieval import file_digest
from porescope.workflows.wording import LIKELY

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
import identify_corrupted
from identify_corrupted import CONFIG, find_file, hydrogen_oxygen, learned_of
from retrieval_relatives import Relatives, relatives_of

from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
SEED = 20261
AMONG = 10
"""A relative counts among this many."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of case."""

    taken_out: Callable[[Relatives, int], np.ndarray]
    """Cards that the search may not propose."""
    right: Callable[[Relatives, int], np.ndarray]
    """Cards that are an answer."""
    depth: int
    """How many of the list may hold the answer; 0 where the answer is that there is none."""
    known: tuple[str, ...] = ("nothing",)
    """What is known of the sample."""


def _nothing(relatives: Relatives, row: int) -> np.ndarray:
    return np.zeros(relatives.space.table.n_cards, dtype=bool)


def _own(relatives: Relatives, row: int) -> np.ndarray:
    frameworks = relatives.space.codes[0]
    return frameworks == frameworks[row]


KINDS: dict[str, Kind] = {
    "corrupted": Kind(taken_out=_nothing, right=_own, depth=1, known=("nothing", "elements")),
    "other metal": Kind(taken_out=_own, right=Relatives.other_metal, depth=AMONG),
    "other group": Kind(taken_out=Relatives.same_group, right=Relatives.other_group, depth=AMONG),
    "no relative": Kind(
        taken_out=Relatives.whole_family, right=_nothing, depth=0, known=("nothing", "elements")
    ),
}


@dataclass(kw_only=True)
class Shared:
    """What all cases of a process share."""

    relatives: Relatives
    structures: Path


_SHARED: list[Shared] = []


def start(structures: str, learned: str) -> None:
    """Read cards, templates and relatives."""
    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    opened = Library.open([SHIPPED])
    space = SearchSpace(library=opened, table=opened.peak_table(threads=1))
    identify_corrupted._LEARNED = learned
    _SHARED[:] = [Shared(relatives=relatives_of(space), structures=Path(structures))]


def drawn(n: int) -> Iterator[tuple[str, int]]:
    """Cases of the test side, none of two with the same net and linkers in one kind."""
    relatives = _SHARED[0].relatives
    space = relatives.space
    data = retrieval_set(space.library)
    place = np.searchsorted(space.table.ids, data.ids[data.rows("test")])
    for number, (name, kind) in enumerate(KINDS.items()):
        found: set[int] = set()
        for row in np.random.default_rng([SEED, number]).permutation(place).tolist():
            if len(found) == n:
                break
            group = int(space.codes[1][row])
            if group in found or (kind.depth == 0 and row not in relatives.templates):
                continue
            if kind.depth > 1 and not kind.right(relatives, row).any():
                continue
            found.add(group)
            yield name, row


def run_case(name: str, row: int) -> dict[str, object]:
    """One pattern of one kind, identified without and with the learned space."""
    relatives, structures = _SHARED[0].relatives, _SHARED[0].structures
    space, kind = relatives.space, KINDS[name]
    card = space.library.cards(space.table.ids[[row]])[0]
    crystal = find_symmetry(
        read_cif(find_file(structures, card.source, card.cif_path)), symprec=0.05
    )
    radiation = radiation_from_name(CONFIG.radiation)
    pattern = corrupt_pattern(
        reflections_of(crystal, d_min=CONFIG.d_min, radiation=radiation),
        lattice=crystal.lattice,
        rng=np.random.default_rng([SEED, row]),
        config=CONFIG,
        space_group=crystal.space_group,
        name=crystal.name,
    )
    prepared = prepare_pattern(pattern)
    n_peaks = prepared.peaks.n_peaks
    case: dict[str, object] = {"kind": name, "row": row, "id": card.id, "n_peaks": n_peaks}
    if n_peaks < 2:
        return case | {"status": "fewer than two peaks"}
    allowed, right = ~kind.taken_out(relatives, row), kind.right(relatives, row)
    accepted = right | _own(relatives, row) | relatives.other_metal(row)
    asked: dict[str, object] = {}
    case |= {"status": "ok", "n_right": len(np.unique(space.codes[0][right])), "asked": asked}
    for known in kind.known:
        elements = frozenset(card.elements) if known == "elements" else frozenset()
        kept = allowed
        if elements:
            has = space.table.elements[row] | hydrogen_oxygen()
            kept = allowed & ~np.any(space.table.elements & ~has, axis=1)
        query = learned_of(space, prepared.peaks, elements=tuple(sorted(elements)))
        assert query is not None
        both = answers(space, prepared, query, allowed=kept, elements=elements)
        asked[known] = {
            way: judged(found, space, right=right, accepted=accepted, depth=kind.depth)
            for way, found in both.items()
        } | {"near_rank": near_rank(space, query, right=right & kept, allowed=kept)}
    return case


def answers(
    space: SearchSpace,
    prepared: PreparedPattern,
    query: LearnedQuery,
    *,
    allowed: np.ndarray,
    elements: frozenset[str],
) -> dict[str, Identification]:
    """Both searches; a card that both fit is fitted once."""
    task = fit_task(
        prepared.pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(prepared.peaks.fwhm_deg)),
    )
    fits: dict[tuple[object, ...], CandidateFit] = {}

    def fit_once(
        card: PowderCard, task: FitTask, *, strain: np.ndarray, zero_shift_deg: float, **more: Any
    ) -> CandidateFit:
        key = (card.id, *np.round(strain, 9).tolist(), round(zero_shift_deg, 9))
        if key not in fits:
            fits[key] = fit_card(card, task, strain=strain, zero_shift_deg=zero_shift_deg, **more)
        return fits[key]

    made = {}
    for way, asked in (("without", None), ("with", query)):
        made[way] = identify_peaks(
            space,
            prepared.peaks,
            task=task,
            kind="xray",
            model=shipped_model(learned=asked.weights if asked else ""),
            elements=elements,
            allowed=allowed,
            fit=fit_once,
            learned=asked,
        )
    return made


def judged(
    found: Identification,
    space: SearchSpace,
    *,
    right: np.ndarray,
    accepted: np.ndarray,
    depth: int,
) -> dict[str, object]:
    """Whether the list holds the answer, and whether a name is false."""
    rows = [one.row for one in found.scored]
    groups = space.codes[1][rows]
    hits = np.flatnonzero(right[rows])
    rank = int(hits[0]) + 1 if len(hits) else 0
    share = sum(
        one.probability
        for one, group in zip(found.scored, groups, strict=True)
        if group == groups[0]
    )
    named = bool(rows) and found.none_of_these < LIKELY and share >= LIKELY
    return {
        "success": not named if depth == 0 else 1 <= rank <= depth,
        "rank": rank,
        "named": named,
        "false_name": named and not bool(accepted[rows[0]]),
        "first": found.scored[0].card.id if rows else "",
        "share": round(share, 4),
        "none": round(found.none_of_these, 4),
    }


def near_rank(
    space: SearchSpace, query: LearnedQuery, *, right: np.ndarray, allowed: np.ndarray
) -> int:
    """Rank of the first answer among the nearest of the space, as ``similar`` lists them."""
    frameworks = space.codes[0]
    rows = query.nearest_rows(
        space.table.ids, framework_codes=frameworks, n=len(frameworks), allowed=allowed
    )
    hits = np.flatnonzero(np.isin(frameworks[rows], frameworks[right]))
    return int(hits[0]) + 1 if len(hits) else 0


def work_file(learned: str) -> Path:
    """Cases with these weights of the space, and these of the probability."""
    weights = weights_file(learned)
    digest = file_digest(weights)
    model = shipped_model(learned=f"small {digest}")
    knows = "knowing" if model.candidate_features == LEARNED_FEATURES else "plain"
    return RESULTS / "work" / f"retrieval_solve_{digest}_{knows}.jsonl"


def read(path: Path) -> list[dict]:
    """Finished cases."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def run(n: int, *, learned: str, structures: str, jobs: int) -> None:
    """The missing cases."""
    from porescope.workflows.library_space import open_space

    path = work_file(learned)
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {(case["kind"], case["row"]) for case in read(path)}
    start(structures, learned)
    open_space(_SHARED[0].relatives.space.library, weights=learned)
    asked = [case for case in drawn(n) if case not in done]
    with (
        ProcessPoolExecutor(jobs, initializer=start, initargs=(structures, learned)) as pool,
        path.open("a", encoding="utf-8") as out,
    ):
        futures = {pool.submit(run_case, *case): case for case in asked}
        for i, future in enumerate(as_completed(futures)):
            name, row = futures[future]
            try:
                case = future.result()
            except (PorescopeError, ArithmeticError, FileNotFoundError, IndexError) as error:
                case: dict[str, object] = {"kind": name, "row": row, "status": repr(error)}
            out.write(json.dumps(case) + "\n")
            out.flush()
            print(f"{i + 1}/{len(asked)} {name} {case.get('id', '')} {case['status']}", flush=True)


def tables(learned: str) -> None:
    """A row for each case, and one for each kind."""
    path = work_file(learned)
    facts = {
        "weights": file_digest(weights_file(learned)),
        "probability_knows_it": path.stem.endswith("knowing"),
        "seed": SEED,
        **run_facts(),
    }
    cases, kinds = [], []
    finished = read(path)
    for name, kind in KINDS.items():
        mine = [case for case in finished if case["kind"] == name]
        failed = sum(case["status"] != "ok" for case in mine)
        for known in kind.known:
            asked = [(c, c["asked"][known]) for c in mine if c["status"] == "ok"]
            if not asked:
                continue
            old = np.array([a["without"]["success"] for _, a in asked])
            new = np.array([a["with"]["success"] for _, a in asked])
            near = np.array([a["near_rank"] for _, a in asked])
            kinds.append(
                {
                    "kind": name,
                    "known": known,
                    "n": len(asked),
                    "failed": failed,
                    "right_without": int(old.sum()),
                    "right_with": int(new.sum()),
                    "won": int((new & ~old).sum()),
                    "lost": int((old & ~new).sum()),
                    "ties": int((old == new).sum()),
                    "false_names_without": sum(a["without"]["false_name"] for _, a in asked),
                    "false_names_with": sum(a["with"]["false_name"] for _, a in asked),
                    "among_ten_nearest": int(((near > 0) & (near <= AMONG)).sum()),
                    **facts,
                }
            )
            cases += [one_row(case, a, known=known) | facts for case, a in asked]
    for name, rows in (("retrieval_solve", kinds), ("retrieval_solve_cases", cases)):
        if not rows:
            continue
        with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    for row in kinds:
        print(row)


def one_row(case: dict, asked: dict, *, known: str) -> dict[str, object]:
    """A case for the table of all."""
    shown = {key: case[key] for key in ("kind", "id", "n_peaks", "n_right")} | {"known": known}
    for way in ("without", "with"):
        shown |= {f"{key}_{way}": value for key, value in asked[way].items()}
    return shown | {"near_rank": asked["near_rank"]}


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learned", default="small", help="shipped weights, or a checkpoint")
    parser.add_argument("--structures", required=True)
    parser.add_argument("--n", type=int, default=60, help="of each kind")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    run(options.n, learned=options.learned, structures=options.structures, jobs=options.jobs)
    tables(options.learned)
    return 0


if __name__ == "__main__":
    sys.exit(main())
