"""Frameworks that are in no library: solved from a corrupted pattern, the metal and the linkers.

    python benchmarks/science/solve_held_out.py --structures FOLDER --library F --templates F
    python benchmarks/science/solve_held_out.py --mixed ...
    python benchmarks/science/solve_held_out.py --table

The cases are the frozen list ``solve_held_out_list.csv``: 300 frameworks with one kind of linker,
and 50 with two (``--mixed``). Patterns are those of ``identify_corrupted.py``: every axis of the
cell changed by up to 1.5 % on its own, zero shift, texture, noise, impurities. Given are the metal
and the SMILES of the linkers, nothing else.

Removed from the library: every entry with these linkers, every entry that shares the framework's
bond graph, whatever the metal, and other measurements under the same refcode. Removed from the
templates: all with the framework's bond graph or refcode, and all with this metal and these linkers
on this net, whatever solvent they hold. The same linkers with another metal, or on another net,
stay. With ``--no-linker`` the templates lose every framework of these linkers.

Cases are written one by one, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gemmi
import numpy as np

from porescope.crystal.graph import net_hash
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry
from porescope.datasets.library import SHIPPED, STORE_STRIDE, Library
from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.diffraction.corrupt import CORRUPTION_VERSION, CorruptionConfig, corrupt_pattern
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ConfigError, PorescopeError
from porescope.io.cif import read_cif
from porescope.reticular.smiles import linker_key
from porescope.reticular.taking_apart.framework import take_apart
from porescope.workflows.candidate_fits import fit_task
from porescope.workflows.identify import Scored, SearchSpace
from porescope.workflows.identify_assembled import (
    AssembledIdentification,
    Pot,
    identify_assembled,
)
from porescope.workflows.judge import Judgement, bare_framework, judge, without_ends
from porescope.workflows.probability import load_model
from porescope.workflows.proposal_fit import fit_proposal, in_cell
from porescope.workflows.proposal_space import fitted_proposal
from porescope.workflows.propose import Proposal, propose_frameworks
from porescope.workflows.solve import SolveConfig, element_rule
from porescope.workflows.structure_match import StructureMatching

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
LIST = Path(__file__).with_name("solve_held_out_list.csv")
FOLDERS = {"qmof": "qmof", "core-mof-2019": "core_mof_2019"}
CORRUPTION = CorruptionConfig(cell_isotropic=0.0, cell_axis=0.015)
SEED = 20264
RUNGS = ("loose", "standard", "strict", "net", "bare_net", "topology", "cell", "pattern", "right")
FAILURES = {
    "none": "solved: right net and cell among the first ten",
    "nothing proposed": "no known kind of framework takes such linkers, or none closed",
    "net not proposed": "frameworks were proposed, none with the right bond graph",
    "lines do not match": "the right bond graph was proposed; its lines did not match the peaks",
    "outranked": "it was fitted, and ten others ranked before it",
    "wrong cell": "the right bond graph among the first ten, in a wrong cell",
    "no pattern": "fewer than four peaks stand above the noise",
    "error": "an error",
}
"""What stops a case, in the order of the program's steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Where the data are."""

    structures: str
    library: str
    templates: str
    seed: int
    blocks: bool
    no_linker: bool = False
    """Remove all that is known of the linkers, on whatever net, with whatever metal."""


@dataclass(slots=True)
class _Open:
    """What a process keeps open."""

    setup: Setup
    space: SearchSpace
    store: TemplateStore
    entries: list[TemplateEntry]
    contents: dict[str, tuple[str, ...]]
    matching: StructureMatching = field(default_factory=lambda: StructureMatching(time_limit=30.0))


_open: _Open | None = None


def start(setup: Setup) -> None:
    """Open everything once for each process."""
    global _open
    warnings.simplefilter("ignore")
    opened = Library.open([Path(setup.library)])
    space = SearchSpace(library=opened, table=opened.peak_table())
    store = TemplateStore(setup.templates) if setup.templates else TemplateStore()
    _open = _Open(setup, space, store, store.entries(), dict(store.linkers_of()))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Truth:
    """A framework, the pattern that it made, and what was in the pot."""

    id: str
    crystal: Crystal
    """In the cell that made the pattern, P1."""
    pattern: Pattern
    pot: Pot
    net_key: str
    net_alike: str
    """Hash of its bond graph with all metals alike."""
    nets: frozenset[str]
    """Hashes of its bond graph, with and without single atoms at the metals."""


def truth_of(row: dict[str, str], *, structures: Path, seed: int) -> Truth:
    """The framework of a row of the list, and its corrupted pattern."""
    path = next((structures / FOLDERS[row["source"]]).rglob(row["id"] + ".cif"))
    crystal = find_symmetry(read_cif(path), symprec=0.05)
    rng = np.random.default_rng([seed, int(hashlib.sha256(row["id"].encode()).hexdigest()[:8], 16)])
    pattern = corrupted(crystal, rng=rng)
    lattice = np.array(pattern.metadata["lattice"].split(), dtype=np.float64).reshape(3, 3)
    pot = Pot(metals=(row["metal"],), linkers=tuple(row["linkers"].split()))
    return truth_with(crystal.with_lattice(lattice), pattern, id=row["id"], pot=pot)


def corrupted(crystal: Crystal, *, rng: np.random.Generator) -> Pattern:
    """A pattern of a crystal with its symmetry."""
    radiation = radiation_from_name(CORRUPTION.radiation)
    return corrupt_pattern(
        reflections_of(crystal, d_min=CORRUPTION.d_min, radiation=radiation),
        lattice=crystal.lattice,
        rng=rng,
        config=CORRUPTION,
        space_group=crystal.space_group,
        name=crystal.name,
    )


def truth_with(crystal: Crystal, pattern: Pattern, *, id: str, pot: Pot) -> Truth:
    """A framework in the cell that made the pattern, with what must be known of it."""
    bare = bare_framework(crystal)
    return Truth(
        id=id,
        crystal=crystal.without_symmetry(),
        pattern=pattern,
        pot=pot,
        net_key=take_apart(crystal).net_key,
        net_alike=net_hash(crystal, metals_alike=True),
        nets=frozenset((net_hash(bare), net_hash(without_ends(bare)))),
    )


def kept_cards(truth: Truth, keys: frozenset[str], opened: _Open) -> tuple[np.ndarray, set[str]]:
    """Which cards of the library may stay, and the identifiers of those that may not."""
    space = opened.space
    entries = {e.number: e.id for e in space.library.entries()}
    groups = space.codes[1]
    twins = set(cards_of_net(space.library, truth.net_alike))
    twins |= {n for n, name in entries.items() if same_refcode(name, truth.id)}
    of_group = np.unique(groups[np.isin(space.table.ids, list(twins))])
    gone = np.isin(groups, of_group)
    twins |= {n for n, name in entries.items() if frozenset(opened.contents.get(name, ())) == keys}
    gone |= np.isin(space.table.ids, list(twins))
    return ~gone, {entries[int(n)] for n in space.table.ids[gone]} | {truth.id}


def cards_of_net(library: Library, net_alike: str) -> list[int]:
    """Numbers of the cards with a bond graph, metals alike; shipped cards keep half of the hash."""
    sql = (
        "SELECT c.card_id FROM cards AS c JOIN frameworks AS f USING (framework_id) "
        "WHERE substr(f.net_alike, 1, 8) = ?"
    )
    return [
        i * STORE_STRIDE + row[0]
        for i, store in enumerate(library.stores)
        for row in store.query(sql, [bytes.fromhex(net_alike)[:8]])
    ]


def same_refcode(name: str, other: str) -> bool:
    """Whether two identifiers are the same, or two measurements of one compound."""
    one, two = name.removesuffix("_clean"), other.removesuffix("_clean")
    if one == two:
        return True
    codes = [n[:6] for n in (one, two)]
    return codes[0] == codes[1] and all(c.isalpha() and c.isupper() and len(c) == 6 for c in codes)


def run_case(row: dict[str, str]) -> dict[str, Any]:
    """One framework of the list."""
    assert _open is not None
    structures, seed = Path(_open.setup.structures), _open.setup.seed
    case: dict[str, Any] = {"id": row["id"], "kinds": int(row["kinds"]), "status": "ok"}
    return case | solved(truth_of(row, structures=structures, seed=seed))


def solved(truth: Truth) -> dict[str, Any]:
    """One framework: propose, search, fit, rank, judge."""
    assert _open is not None
    opened = _open
    case: dict[str, Any] = {}
    begin = time.perf_counter()
    prepared = prepare_pattern(truth.pattern)
    peaks = prepared.peaks
    if peaks.n_peaks < 4:
        return case | {"failure": "no pattern"}
    keys = frozenset(linker_key(s) for s in truth.pot.linkers)
    metals = frozenset(gemmi.Element(m).atomic_number for m in truth.pot.metals)
    allowed, gone = kept_cards(truth, keys, opened)
    if not opened.setup.no_linker:
        gone = {truth.id}

    def without(entry: TemplateEntry) -> bool:
        twin = frozenset(entry.keys) == keys and entry.net_key == truth.net_key
        twin &= frozenset(entry.metals) == metals
        twin |= same_refcode(entry.id, truth.id) or entry.id in gone
        return twin or entry.net_hash in truth.nets

    case["removed_cards"] = int((~allowed).sum())
    left = [e for e in opened.entries if not without(e)]
    case["removed_templates"] = len(opened.entries) - len(left)
    case |= known_kinds(truth, left, opened)
    case["prepare_s"] = round(time.perf_counter() - begin, 2)
    begin, cpu = time.perf_counter(), time.process_time()
    try:
        proposals = propose_frameworks(
            metals=truth.pot.metals, linkers=truth.pot.linkers, store=opened.store, without=without
        )
    except ConfigError as error:
        case["why"], proposals = str(error)[:200], []
    case["proposals"] = len(proposals)
    case["propose_s"] = round(time.perf_counter() - begin, 2)
    if not proposals:
        return case | {"failure": "nothing proposed"}
    task = fit_task(
        prepared.pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(peaks.fwhm_deg)),
    )
    elements = frozenset(element_rule(SolveConfig(metals=truth.pot.metals))[0])
    found = identify_assembled(
        opened.space,
        peaks,
        pot=truth.pot,
        store=opened.store,
        task=task,
        kind=truth.pattern.radiation.kind,
        model=load_model(),
        elements=frozenset() if len(elements) < 2 else elements,
        without=without,
        allowed=allowed & has_metals(opened.space, truth.pot),
        proposals=proposals,
    )
    case["solve_s"] = round(time.perf_counter() - begin, 2)
    case["solve_cpu_s"] = round(time.process_time() - cpu, 2)
    begin = time.perf_counter()
    case |= judged(found, truth, proposals, opened, task=task)
    case["judge_s"] = round(time.perf_counter() - begin, 2)
    return case


def known_kinds(truth: Truth, left: list[TemplateEntry], opened: _Open) -> dict[str, bool]:
    """Whether what is left holds the framework's shape and its net: what templates could give.

    The shape is the nodes and links without the linkers' middles and the kinds of the metals, as
    the framework's own template has it.
    """
    shapes = {e.shape for e in opened.entries if same_refcode(e.id, truth.id)}
    return {
        "has_template": bool(shapes),
        "shape_known": any(e.shape in shapes for e in left),
        "net_known": bool(truth.net_key) and any(e.net_key == truth.net_key for e in left),
    }


def has_metals(space: SearchSpace, pot: Pot) -> np.ndarray:
    """Cards with the metals of the pot."""
    numbers = [e.number for e in space.library.entries(contains=pot.metals)]
    return np.isin(space.table.ids, np.array(numbers, dtype=np.int64))


def judged(
    found: AssembledIdentification,
    truth: Truth,
    proposals: list[Proposal],
    opened: _Open,
    *,
    task: Any,
) -> dict[str, Any]:
    """The rungs of the first and of the first ten candidates, and what went wrong."""
    scored = found.identification.scored
    every = {p.id: p for p in (*proposals, *found.joined.proposals.values())}
    right = {id for id, p in every.items() if _nets(p.crystal) & truth.nets}
    fitted = [i for i, s in enumerate(scored) if s.card.id in right]
    case: dict[str, Any] = {
        "candidates": len(scored),
        "assembled": sum(s.card.id in found.joined.proposals for s in scored),
        "right_net_proposed": len(right),
        "right_topology_proposed": sum(
            p.template.net_key == truth.net_key and bool(truth.net_key) for p in proposals
        ),
        "rank_of_net": fitted[0] + 1 if fitted else 0,
        "rank_among_assembled": _rank_among(scored, found, fitted),
        "none_of_these": round(found.identification.none_of_these, 4),
    }
    rungs: list[dict[str, bool]] = []
    for rank, one in enumerate(scored[:10]):
        proposal = found.joined.proposals.get(one.card.id)
        if proposal is None:
            rungs.append(dict.fromkeys(RUNGS, False) | {"leak": leaked(one, truth)})
            continue
        crystal, rwp = candidate_crystal(one, proposal, task=task, blocks=opened.setup.blocks)
        mark = judge(crystal, truth=truth.crystal, matching=opened.matching, rwp=rwp)
        rungs.append(_rungs(mark, proposal, truth))
        if rank == 0 or (rungs[-1]["right"] and "rmse" not in case):
            case |= {"rmse": _number(mark.rmse), "rwp": _number(mark.rwp)}
    for rung in RUNGS:
        case[f"{rung}_1"] = bool(rungs) and rungs[0][rung]
        case[f"{rung}_10"] = any(r[rung] for r in rungs)
    case["probability"] = round(scored[0].probability, 4) if scored else 0.0
    case["leaks"] = sum(r.get("leak", False) for r in rungs)
    case["failure"] = failure_of(case, rungs)
    return case


def leaked(one: Scored, truth: Truth) -> bool:
    """Whether a card of the library has the bond graph of the truth after all."""
    known = one.card.net_hash
    return any(net[: len(known)] == known for net in truth.nets)


def _rank_among(
    scored: tuple[Scored, ...], found: AssembledIdentification, right: list[int]
) -> int:
    """Rank of the first right one among assembled frameworks alone; 0 where there is none."""
    if not right:
        return 0
    return 1 + sum(s.card.id in found.joined.proposals for s in scored[: right[0]])


def candidate_crystal(
    one: Scored, proposal: Proposal, *, task: Any, blocks: bool
) -> tuple[Crystal, float]:
    """A candidate in its fitted cell, with its blocks fitted too where that is asked for."""
    crystal = fitted_proposal(one.card, one.fit.fixed.phases[0].lattice, proposal.crystal)
    if not blocks:
        return crystal, one.fit.fixed.rwp
    # the same strain, up to its anisotropy, in the setting of the assembly
    ratio = (crystal.volume / crystal.n_atoms) / (
        proposal.crystal.volume / proposal.crystal.n_atoms
    )
    start_of = in_cell(proposal.assembly, proposal.assembly.lattice * ratio ** (1.0 / 3.0))
    fitted = fit_proposal(start_of, task=task)
    if fitted.fit.rwp < one.fit.fixed.rwp:
        return fitted.crystal, fitted.fit.rwp
    return crystal, one.fit.fixed.rwp


def _nets(crystal: Crystal) -> set[str]:
    """Hashes of a bond graph, with and without single atoms at the metals."""
    heavy = crystal.numbers != 1
    plain = replace(
        crystal.without_symmetry(),
        frac=crystal.frac[heavy],
        numbers=crystal.numbers[heavy],
        occupancy=crystal.occupancy[heavy],
        u_iso=crystal.u_iso[heavy],
        orbit=np.arange(int(heavy.sum())),
        labels=(),
        charges=None,
    )
    return {net_hash(plain), net_hash(without_ends(plain))}


def _rungs(mark: Judgement, proposal: Proposal, truth: Truth) -> dict[str, bool]:
    """All rungs of one candidate; right is the bond graph, ends at metals aside, and the cell."""
    rungs = {name: bool(getattr(mark, name)) for name in RUNGS if hasattr(mark, name)}
    rungs["topology"] = bool(truth.net_key) and _topology(proposal) == truth.net_key
    rungs["right"] = mark.bare_net and mark.cell
    return rungs


def _topology(proposal: Proposal) -> str:
    """Key of the net of a proposal; its template's where it cannot be taken apart."""
    try:
        return take_apart(proposal.crystal).net_key or proposal.template.net_key
    except PorescopeError:
        return proposal.template.net_key


def failure_of(case: dict[str, Any], rungs: list[dict[str, bool]]) -> str:
    """What stopped a case."""
    if case["right_10"]:
        return "none"
    if not case["right_net_proposed"]:
        return "net not proposed"
    if any(r["bare_net"] for r in rungs):
        return "wrong cell"
    return "outranked" if case["rank_of_net"] else "lines do not match"


def _number(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def rows_of_list(kinds: int) -> list[dict[str, str]]:
    """The frozen list."""
    with LIST.open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if int(row["kinds"]) == kinds]


def work_file(name: str) -> Path:
    """Where cases are kept while they are made."""
    return RESULTS / "work" / f"{name}.jsonl"


def read_cases(name: str) -> list[dict[str, Any]]:
    """Finished cases."""
    path = work_file(name)
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def run(name: str, rows: list[dict[str, str]], *, setup: Setup, jobs: int) -> None:
    """Run the missing cases."""
    path = work_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {case["id"] for case in read_cases(name)}
    rows = [row for row in rows if row["id"] not in done]
    with (
        ProcessPoolExecutor(jobs, initializer=start, initargs=(setup,)) as pool,
        path.open("a") as out,
    ):
        futures = {pool.submit(run_case, row): row for row in rows}
        for i, future in enumerate(as_completed(futures)):
            try:
                case = future.result()
            except (PorescopeError, ValueError, ArithmeticError, LookupError) as error:
                row = futures[future]
                case = {"id": row["id"], "kinds": int(row["kinds"]), "status": repr(error)[:200]}
                case["failure"] = "error"
            out.write(json.dumps(case) + "\n")
            out.flush()
            said = ("id", "failure", "proposals", "rank_of_net", "solve_s", "status")
            print(i + 1, len(rows), *(case.get(key, "") for key in said), flush=True)


def summary(cases: list[dict[str, Any]]) -> dict[str, object]:
    """Shares of the rungs, costs and classes of failure."""
    row: dict[str, object] = {"n": len(cases)}
    for top in (1, 10):
        for rung in RUNGS:
            share = np.mean([bool(c.get(f"{rung}_{top}", False)) for c in cases])
            row[f"{rung}_top{top}"] = round(float(share), 4)
    both = [c["rmse"] for c in cases if c.get("rmse") is not None]
    row["rmse"] = round(float(np.mean(both)), 4) if both else ""
    row["matched"] = len(both)
    for key in ("solve_s", "solve_cpu_s", "proposals"):
        values = [c[key] for c in cases if key in c]
        row[f"{key}_median"] = round(float(np.median(values)), 2) if values else ""
        row[f"{key}_largest"] = max(values) if values else ""
    for failure in FAILURES:
        row[f"failure: {failure}"] = sum(c["failure"] == failure for c in cases)
    for key in ("has_template", "shape_known", "net_known"):
        row[key] = sum(bool(c.get(key)) for c in cases)
    row["leaks"] = sum(c.get("leaks", 0) for c in cases)
    return row


def table(name: str, *, setup: Setup) -> None:
    """Write the cases and the numbers of the table."""
    cases = read_cases(name)
    facts = {
        "seed": setup.seed,
        "corruption": CORRUPTION_VERSION,
        "list_sha256": hashlib.sha256(LIST.read_bytes()).hexdigest()[:16],
        "library_sha256": hashlib.sha256(Path(setup.library).read_bytes()).hexdigest()[:16],
        **run_facts(),
    }
    row = summary(cases)
    for key, value in row.items():
        print(f"{key:32s} {value}")
    fields = list(dict.fromkeys(key for case in cases for key in case))
    for stem, rows, names in (
        (name, [row | facts], [*row, *facts]),
        (f"{name}_cases", sorted(cases, key=lambda c: c["id"]), fields),
    ):
        with (RESULTS / f"{stem}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=names)
            writer.writeheader()
            writer.writerows(rows)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", default="")
    parser.add_argument("--library", default=str(SHIPPED))
    parser.add_argument("--templates", default="", help="template file; the shipped one by default")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mixed", action="store_true", help="two kinds of linker")
    parser.add_argument("--blocks", action="store_true", help="fit rigid blocks of the first ten")
    parser.add_argument("--name", default="", help="name of the results")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--no-linker", action="store_true", help="nothing known of the linkers")
    options = parser.parse_args()
    name = options.name or ("solve_mixed_linkers" if options.mixed else "solve_held_out")
    setup = Setup(
        structures=options.structures,
        library=options.library,
        templates=options.templates,
        seed=options.seed,
        blocks=options.blocks,
        no_linker=options.no_linker,
    )
    if options.structures:
        rows = rows_of_list(2 if options.mixed else 1)[: options.n]
        run(name, rows, setup=setup, jobs=options.jobs)
    if options.table:
        table(name, setup=setup)
    return 0


if __name__ == "__main__":
    sys.exit(main())
