// The rows: what is kept by the filters, and in which order.
const NAME = "name";

const toNumber = (text) => (text.trim() === "" ? NaN : Number(text.replace(",", ".")));

// "> 4", "<=3", "2..5", "4" for a number; any part of a text; null where it cannot be read.
const limitOf = (text, kind) => {
  const raw = text.trim();
  if (!raw) return () => true;
  if (raw === "–" || raw === "-") return (v) => v === null;
  if (kind === "text") {
    const part = raw.toLowerCase();
    return (v) => v !== null && String(v).toLowerCase().includes(part);
  }
  if (kind === "flag") return (v) => v !== null && (v ? "yes" : "no").startsWith(raw.toLowerCase());
  const span = raw.match(/^(.+?)(?:\.\.|…| to )(.+)$/);
  if (span) {
    const [low, high] = [toNumber(span[1]), toNumber(span[2])];
    return Number.isNaN(low) || Number.isNaN(high) ? null : (v) => v !== null && v >= low && v <= high;
  }
  const sign = raw.match(/^(<=|>=|≤|≥|<|>|=)?(.+)$/);
  const edge = toNumber(sign[2]);
  if (Number.isNaN(edge)) return null;
  const compare = {
    "<": (v) => v < edge, ">": (v) => v > edge, "<=": (v) => v <= edge, "≤": (v) => v <= edge,
    ">=": (v) => v >= edge, "≥": (v) => v >= edge, "=": (v) => v === edge,
  }[sign[1] || ">="];
  return (v) => v !== null && compare(v);
};

const rowsOf = (columns, n) => {
  const byName = new Map(columns.map((c) => [c.name, c]));
  const searched = columns.filter((c) => c.kind === "text" && c.name !== "content_hash");
  const texts = Array.from({ length: n }, (_, i) => searched.map((c) => c.values[i] ?? "").join("\n").toLowerCase());
  const state = { search: "", limits: new Map(), sort: null, down: false, kept: [] };
  const update = () => {
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    const tests = [...state.limits].map(([name, test]) => [byName.get(name).values, test]);
    const kept = [];
    for (let i = 0; i < n; i++) {
      if (words.every((w) => texts[i].includes(w)) && tests.every(([v, test]) => test(v[i]))) kept.push(i);
    }
    const column = byName.get(state.sort);
    if (column) {
      const { values, kind } = column;
      const turn = state.down ? -1 : 1;
      const order = kind === "text" ? new Intl.Collator("en", { numeric: true }).compare : (a, b) => a - b;
      kept.sort((a, b) => {
        const [x, y] = [values[a], values[b]];
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        return turn * order(x, y) || a - b;
      });
    }
    state.kept = kept;
  };
  update();
  return { state, update, byName };
};

const superscript = (n) => [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");

const shown = (value, kind) => {
  if (value === null || value === undefined) return "–";
  if (kind === "text") return value;
  if (kind === "flag") return value ? "yes" : "no";
  if (kind === "count") return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return String(+value.toPrecision(4)).replace("-", "−");
  const [digits, power] = value.toExponential(2).split("e");
  return `${digits.replace("-", "−")} × 10${superscript(+power)}`;
};
