// Observed, calculated, difference and ticks of one candidate.
const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    ["ink", "soft", "line", "card", "grid", "obs", "calc", "bkg", "diff", "tick", "warn"].map((n) => [
      n,
      style.getPropertyValue(`--${n}`).trim(),
    ]),
  );
};

const lowerBound = (x, value) => {
  let lo = 0;
  let hi = x.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (x[mid] < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
};

const shortNumber = (v) => {
  const size = Math.abs(v);
  if (size >= 1e6) return `${+(v / 1e6).toPrecision(3)} M`;
  if (size >= 1e4) return `${+(v / 1e3).toPrecision(3)} k`;
  return `${+v.toPrecision(3)}`;
};

// Marks at round intensities, also where the axis is a square root.
const rootTicks = (low, high) => {
  const span = high - low;
  const marks = [];
  for (let k = 0; k <= 4; k++) {
    const value = (low + (span * k) / 4) ** 2 * Math.sign(low + (span * k) / 4);
    const unit = 10 ** Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9)));
    const round = Math.round(value / unit) * unit;
    if (Math.abs(value) < 1e-9) marks.push(0);
    else marks.push(round);
  }
  const unique = [...new Set(marks)];
  return { tickvals: unique.map((v) => Math.sign(v) * Math.sqrt(Math.abs(v))), ticktext: unique.map(shortNumber) };
};

const fitChart = (Plotly, report, element) => {
  const { head, numbers } = report;
  const state = { root: false, candidate: null, drawn: null };
  const cache = new Map();
  const curveOf = (candidate) => {
    if (!cache.has(candidate.rank)) {
      const c = candidate.curve;
      cache.set(candidate.rank, {
        x: numbers(c.x),
        o: numbers(c.observed),
        c: numbers(c.calculated),
        b: numbers(c.background),
        t: numbers(c.ticks),
        hkl: c.hkl,
      });
    }
    return cache.get(candidate.rank);
  };
  const scale = (values) =>
    state.root ? Array.from(values, (v) => Math.sign(v) * Math.sqrt(Math.abs(v))) : Array.from(values);

  const draw = () => {
    const colour = colours();
    const narrow = element.clientWidth < 560;
    const f = curveOf(state.candidate);
    state.drawn = f;
    const x = Array.from(f.x);
    const o = scale(f.o);
    const c = scale(f.c);
    const d = o.map((v, i) => v - c[i]);
    const spacing = x.map((v) => head.wavelength / (2 * Math.sin((v * Math.PI) / 360)));
    const line = (name, y, stroke, width, more = {}) => ({
      type: "scatter", mode: "lines", x, y, name, line: { color: stroke, width }, showlegend: false, hoverinfo: "skip", ...more,
    });
    const left = head.unexplained.filter((p) => p.x >= x[0] && p.x <= x[x.length - 1]);
    const top = left.map((p) => {
      const i = Math.min(lowerBound(f.x, p.x), x.length - 1);
      const near = o.slice(Math.max(0, i - 8), i + 9);
      return Math.max(...near);
    });
    const traces = [
      line("background", scale(f.b), colour.bkg, 1, { line: { color: colour.bkg, width: 1.2, dash: "dot" } }),
      line("observed", o, colour.obs, 1.1, {
        marker: { color: colour.obs, size: 4 },
        customdata: x.map((v, i) => [shortNumber(f.o[i]), shortNumber(f.c[i]), spacing[i].toFixed(4)]),
        hoverinfo: undefined,
        hovertemplate: "2θ %{x:.3f}° · d %{customdata[2]} Å<br>observed %{customdata[0]}<br>calculated %{customdata[1]}<extra></extra>",
      }),
      line("calculated", c, colour.calc, 1.4),
      {
        type: "scatter", mode: "text", x: left.map((p) => p.x), y: top, showlegend: false, name: "left over",
        text: left.map(() => "▼"), textposition: "top center", textfont: { color: colour.warn, size: 11 }, cliponaxis: false,
        hovertext: left.map((p) => p.text), hovertemplate: "%{hovertext}<extra></extra>",
      },
      {
        type: "scatter", mode: "markers", x: Array.from(f.t), y: Array(f.t.length).fill(0), yaxis: "y3", showlegend: false, name: "reflections",
        marker: { symbol: "line-ns-open", size: 11, color: colour.tick, line: { width: 1.3, color: colour.tick } },
        text: f.hkl, hovertemplate: f.hkl.length ? "%{text}<br>%{x:.3f}°<extra></extra>" : "%{x:.3f}°<extra></extra>",
      },
      line("difference", d, colour.diff, 1, { yaxis: "y2" }),
    ];
    const plain = { showgrid: true, gridcolor: colour.grid, zeroline: false, tickfont: { color: colour.soft, size: 12 }, linecolor: colour.line };
    const peak = Math.max(...o);
    const rootMarks = state.root ? { tickmode: "array", ...rootTicks(0, peak * 1.05) } : { tickformat: "~s" };
    const layout = {
      margin: { l: narrow ? 44 : 58, r: 8, t: 8, b: 44 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, color: colour.ink, size: 13 },
      hovermode: "closest", dragmode: "zoom", uirevision: `fit-${state.root}`,
      hoverlabel: { bgcolor: colour.card, bordercolor: colour.line, font: { color: colour.ink, size: 13 } },
      modebar: { color: colour.soft, activecolor: colour.tick, bgcolor: "rgba(0,0,0,0)" },
      xaxis: { ...plain, anchor: "y2", title: { text: "2θ / °", font: { size: 13, color: colour.soft }, standoff: 8 }, range: [x[0], x[x.length - 1]], uirevision: "x" },
      yaxis: { ...plain, domain: [0.3, 1], title: narrow ? undefined : { text: state.root ? "√ intensity" : "intensity", font: { size: 13, color: colour.soft }, standoff: 6 }, ...rootMarks },
      yaxis3: { domain: [0.225, 0.285], range: [-1, 1], visible: false, fixedrange: true },
      yaxis2: { ...plain, domain: [0, 0.2], nticks: 3, zeroline: true, zerolinecolor: colour.line, ...(state.root ? { tickformat: "~g" } : { tickformat: "~s" }) },
    };
    Plotly.react(element, traces, layout, {
      responsive: true, displaylogo: false, doubleClick: "reset",
      modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
      toImageButtonOptions: { format: "svg", filename: `fit_${String(state.candidate.rank).padStart(2, "0")}` },
    });
  };

  // Few points on the screen: show each of them as a dot.
  const adapt = () => {
    const axis = element.layout && element.layout.xaxis;
    if (!axis || !state.drawn) return;
    const shown = lowerBound(state.drawn.x, axis.range[1]) - lowerBound(state.drawn.x, axis.range[0]);
    const mode = shown < 500 ? "markers" : "lines";
    if (element.data[1].mode !== mode) Plotly.restyle(element, { mode }, [1]);
    if (state.root && element.layout.yaxis.range) {
      const marks = rootTicks(...element.layout.yaxis.range);
      if (String(marks.tickvals) !== String(element.layout.yaxis.tickvals))
        Plotly.relayout(element, { "yaxis.tickvals": marks.tickvals, "yaxis.ticktext": marks.ticktext });
    }
  };
  let bound = false;
  return {
    show(candidate) {
      if (!candidate.curve) return false;
      if (!bound) element.replaceChildren();
      state.candidate = candidate;
      draw();
      if (!bound) element.on("plotly_relayout", () => setTimeout(adapt));
      bound = true;
      return true;
    },
    setRoot(root) {
      state.root = root;
      if (state.candidate) draw();
    },
    redraw() {
      if (state.candidate) draw();
    },
  };
};
