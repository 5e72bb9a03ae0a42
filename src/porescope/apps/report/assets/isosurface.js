// The surface at a level of a periodic grid over a cell, by marching tetrahedra.
const TETRAHEDRA = [[0, 5, 1, 6], [0, 1, 2, 6], [0, 2, 3, 6], [0, 3, 7, 6], [0, 7, 4, 6], [0, 4, 5, 6]];
const CORNERS = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]];

const isosurface = (values, [na, nb, nc], lattice, level) => {
  const at = (i, j, k) => values[((i % na) * nb + (j % nb)) * nc + (k % nc)];
  const [mb, mc] = [nb + 1, nc + 1];
  const known = new Map();
  const mesh = { x: [], y: [], z: [], i: [], j: [], k: [] };
  const vertex = (p, q) => {
    const key = p.id < q.id ? p.id * 67108864 + q.id : q.id * 67108864 + p.id;
    if (!known.has(key)) {
      const t = (level - p.v) / (q.v - p.v);
      const f = [0, 1, 2].map((n) => (p.at[n] + t * (q.at[n] - p.at[n])) / [na, nb, nc][n]);
      const r = cartesian(lattice, f);
      mesh.x.push(r[0]);
      mesh.y.push(r[1]);
      mesh.z.push(r[2]);
      known.set(key, mesh.x.length - 1);
    }
    return known.get(key);
  };
  // Faces look from high to low, so that light falls on them alike.
  const middle = (four) => scaled(four.reduce((sum, p) => added(sum, cartesian(lattice, [p.at[0] / na, p.at[1] / nb, p.at[2] / nc])), [0, 0, 0]), 1 / four.length);
  const place = (n) => [mesh.x[n], mesh.y[n], mesh.z[n]];
  const face = (a, b, c, way) => {
    const normal = cross(added(place(b), scaled(place(a), -1)), added(place(c), scaled(place(a), -1)));
    mesh.i.push(a);
    mesh.j.push(dot(normal, way) < 0 ? c : b);
    mesh.k.push(dot(normal, way) < 0 ? b : c);
  };
  for (let i = 0; i < na; i++)
    for (let j = 0; j < nb; j++)
      for (let k = 0; k < nc; k++) {
        const corner = [];
        let above = 0;
        for (const [a, b, c] of CORNERS) {
          const v = at(i + a, j + b, k + c);
          above += v > level;
          corner.push({ v, at: [i + a, j + b, k + c], id: ((i + a) * mb + j + b) * mc + k + c });
        }
        if (!above || above === 8) continue;
        for (const four of TETRAHEDRA) {
          const inside = four.filter((n) => corner[n].v > level).map((n) => corner[n]);
          const outside = four.filter((n) => corner[n].v <= level).map((n) => corner[n]);
          if (!inside.length || !outside.length) continue;
          const way = added(middle(outside), scaled(middle(inside), -1));
          if (inside.length === 1) face(...outside.map((o) => vertex(inside[0], o)), way);
          else if (inside.length === 3) face(...inside.map((o) => vertex(outside[0], o)), way);
          else if (inside.length === 2) {
            const [a, b, c, d] = [vertex(inside[0], outside[0]), vertex(inside[0], outside[1]), vertex(inside[1], outside[1]), vertex(inside[1], outside[0])];
            face(a, b, c, way);
            face(a, c, d, way);
          }
        }
      }
  return mesh;
};

// A value between the points of the grid.
const valueAt = (values, [na, nb, nc], f) => {
  const n = [na, nb, nc];
  const low = [0, 1, 2].map((k) => Math.floor(f[k] * n[k]));
  const part = [0, 1, 2].map((k) => f[k] * n[k] - low[k]);
  let sum = 0;
  for (const [a, b, c] of CORNERS) {
    const weight = (a ? part[0] : 1 - part[0]) * (b ? part[1] : 1 - part[1]) * (c ? part[2] : 1 - part[2]);
    if (weight) sum += weight * values[(((low[0] + a) % na) * nb + ((low[1] + b) % nb)) * nc + ((low[2] + c) % nc)];
  }
  return sum;
};
