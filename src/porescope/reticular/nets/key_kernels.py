"""Compiled parts of the net key: colours, frames and canonical numbering.

Every quantity is an affine invariant of the placement or is compared in a frame made of vectors
of the net itself, so nothing depends on the cell, the basis or the numbering. Orders are orders
of residues: any order serves as long as it is always the same.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np

from porescope.reticular.nets.residues import (
    add,
    independent,
    mixed,
    mul,
    product,
    residue,
    solved,
)

_ZERO = np.uint64(0)


@numba.njit(cache=True)
@no_type_check
def metric(vector, multiplicity):
    # Inverse of the mean of (edge vector) x (edge vector): the net's own scalar product.
    d = vector.shape[1]
    total = np.zeros((d, d), dtype=np.uint64)
    count = _ZERO
    for k in range(len(vector)):
        weight = residue(multiplicity[k])
        count = add(count, weight)
        for i in range(d):
            for j in range(d):
                total[i, j] = add(total[i, j], mul(weight, mul(vector[k, i], vector[k, j])))
    form = np.zeros((d, d), dtype=np.uint64)
    for i in range(d):
        form[i, i] = count
    solved(total, form)
    return form


@numba.njit(cache=True)
@no_type_check
def colours(start, target, vector, multiplicity, form, rounds):
    n = len(start) - 1
    now = np.zeros(n, dtype=np.uint64)
    new = np.zeros(n, dtype=np.uint64)
    length = np.empty(len(target), dtype=np.uint64)
    for k in range(len(target)):
        length[k] = mixed(product(vector[k], form, vector[k])) + np.uint64(multiplicity[k])
    for v in range(n):
        total = _ZERO
        for a in range(start[v], start[v + 1]):
            for b in range(start[v], start[v + 1]):
                total += mixed(product(vector[a], form, vector[b]) + length[a] * length[b])
        now[v] = mixed(total + np.uint64(start[v + 1] - start[v]))
    for _ in range(rounds):
        for v in range(n):
            total = _ZERO
            for k in range(start[v], start[v + 1]):
                total += mixed(now[target[k]] ^ mixed(length[k]))
            new[v] = mixed(now[v] * np.uint64(3) + total)
        now, new = new, now
    return now


@numba.njit(cache=True)
@no_type_check
def ball(start, target, vector, root, limit):
    # Distinct non-zero vectors from one vertex to what is 1, 2, ... edges away, shell after
    # shell until they span space; the shells' ends.
    d = vector.shape[1]
    places = np.zeros((limit, d), dtype=np.uint64)
    vertex = np.empty(limit, dtype=np.int64)
    vertex[0] = root
    ends = np.zeros(limit, dtype=np.int64)
    size, begin, shells = 1, 0, 0
    here = np.empty(d, dtype=np.uint64)
    probe = np.zeros((3, d), dtype=np.uint64)
    rank = 0
    while rank < d:
        end = size
        for q in range(begin, end):
            v = vertex[q]
            for k in range(start[v], start[v + 1]):
                for c in range(d):
                    here[c] = add(places[q, c], vector[k, c])
                known = False
                for p in range(size):
                    if vertex[p] != target[k]:
                        continue
                    same = True
                    for c in range(d):
                        if places[p, c] != here[c]:
                            same = False
                            break
                    if same:
                        known = True
                        break
                if known:
                    continue
                if size >= limit:
                    return places[1:size], ends[:0], rank
                places[size] = here
                vertex[size] = target[k]
                size += 1
                if rank < d:
                    probe[rank] = here
                    if independent(probe, rank + 1):
                        rank += 1
        ends[shells] = size - 1
        shells += 1
        if size == end:
            break
        begin = end
    return places[1:size], ends[:shells], rank


@numba.njit(cache=True)
@no_type_check
def _candidates(vectors, ends, chosen, n, out):
    # Vectors of the first shell that holds any that is independent of the n chosen ones.
    count, begin = 0, 0
    for s in range(len(ends)):
        for i in range(begin, ends[s]):
            chosen[n] = vectors[i]
            if independent(chosen, n + 1):
                out[count] = i
                count += 1
        if count:
            return count
        begin = ends[s]
    return count


@numba.njit(cache=True)
@no_type_check
def frames(vectors, ends, form, best, have, limit):
    # Ordered bases whose scalar products come first, in the order aa, ab, bb, ac, bc, cc.
    # ``best`` is what was first until now, and is changed in place.
    d = vectors.shape[1]
    m = len(vectors)
    kept = np.empty((limit, d), dtype=np.int64)
    n_kept = 0
    chosen = np.zeros((d, d), dtype=np.uint64)
    lists = np.empty((d, m), dtype=np.int64)
    counts = np.zeros(d, dtype=np.int64)
    at = np.zeros(d, dtype=np.int64)
    lower = np.zeros(d, dtype=np.bool_)
    values = np.empty(6, dtype=np.uint64)
    base = np.array([0, 1, 3])
    level = 0
    counts[0] = _candidates(vectors, ends, chosen, 0, lists[0])
    while level >= 0:
        if at[level] >= counts[level]:
            level -= 1
            continue
        index = lists[level, at[level]]
        at[level] += 1
        chosen[level] = vectors[index]
        below = lower[level - 1] if level else not have
        worse = False
        for i in range(level + 1):
            value = product(chosen[i], form, chosen[level])
            values[base[level] + i] = value
            if not below:
                if value > best[base[level] + i]:
                    worse = True
                    break
                if value < best[base[level] + i]:
                    below = True
        if worse:
            continue
        lower[level] = below
        if level < d - 1:
            counts[level + 1] = _candidates(vectors, ends, chosen, level + 1, lists[level + 1])
            at[level + 1] = 0
            level += 1
            continue
        if below:
            have = True
            n_kept = 0
            for i in range(d * (d + 1) // 2):
                best[i] = values[i]
            lower[:] = False
        if n_kept >= limit:
            return kept[:0], False
        for i in range(d):
            kept[n_kept, i] = lists[i, at[i] - 1]
        n_kept += 1
    return kept[:n_kept], True


@numba.njit(cache=True)
@no_type_check
def _in_frame(vectors, frame, out):
    d = vectors.shape[1]
    matrix = frame.copy()
    turn = np.zeros((d, d), dtype=np.uint64)
    for i in range(d):
        turn[i, i] = np.uint64(1)
    solved(matrix, turn)
    for k in range(len(vectors)):
        for c in range(d):
            total = _ZERO
            for i in range(d):
                total = add(total, mul(vectors[k, i], turn[i, c]))
            out[k, c] = total


@numba.njit(cache=True, inline="always")
@no_type_check
def _after(turned, multiplicity, a, b):
    for c in range(turned.shape[1]):
        if turned[a, c] != turned[b, c]:
            return turned[a, c] > turned[b, c]
    return multiplicity[a] > multiplicity[b]


@numba.njit(cache=True)
@no_type_check
def numbering(start, target, vector, multiplicity, root, frame, best, have):
    # Breadth-first numbering from one vertex in one frame; 1 where the table of edges comes
    # before ``best`` (which it then replaces), 0 where it is equal, -1 where it comes after.
    n, d = len(start) - 1, vector.shape[1]
    turned = np.empty_like(vector)
    _in_frame(vector, frame, turned)
    number = np.full(n, -1, dtype=np.int64)
    queue = np.empty(n, dtype=np.int64)
    number[root] = 0
    queue[0] = root
    size, row, state = 1, 0, (0 if have else 1)
    order = np.empty(len(target), dtype=np.int64)
    entry = np.empty(d + 2, dtype=np.uint64)
    for q in range(n):
        v = queue[q]
        first, degree = start[v], start[v + 1] - start[v]
        for k in range(degree):
            i = k
            while i > 0 and _after(turned, multiplicity, order[i - 1], first + k):
                order[i] = order[i - 1]
                i -= 1
            order[i] = first + k
        for k in range(degree):
            e = order[k]
            w = target[e]
            if number[w] < 0:
                number[w] = size
                queue[size] = w
                size += 1
            entry[0] = np.uint64(number[w]) + np.uint64(n) * np.uint64(k == 0)
            entry[1] = np.uint64(multiplicity[e])
            for c in range(d):
                entry[2 + c] = turned[e, c]
            for c in range(d + 2):
                if state == 0:
                    if entry[c] > best[row, c]:
                        return -1
                    if entry[c] < best[row, c]:
                        state = 1
                if state == 1:
                    best[row, c] = entry[c]
            row += 1
    return state


@numba.njit(cache=True)
@no_type_check
def shaded(start, target, vector, multiplicity, colour, frame, rounds):
    # Colours of the vertices, edges told apart by their vectors in a frame: for nets in which
    # vertices share places, where no numbering by places exists.
    n, d = len(start) - 1, vector.shape[1]
    turned = np.empty_like(vector)
    _in_frame(vector, frame, turned)
    label = np.empty(len(target), dtype=np.uint64)
    for k in range(len(target)):
        state = np.uint64(multiplicity[k])
        for c in range(d):
            state = mixed(state ^ turned[k, c])
        label[k] = state
    now = colour.copy()
    new = np.empty_like(now)
    for _ in range(rounds):
        for v in range(n):
            total = _ZERO
            for k in range(start[v], start[v + 1]):
                total += mixed(now[target[k]] ^ label[k])
            new[v] = mixed(now[v] * np.uint64(3) + total)
        now, new = new, now
    return np.sort(now)
