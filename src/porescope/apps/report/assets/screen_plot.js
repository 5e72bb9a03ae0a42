// One quantity over another, coloured by a third.
const PALETTE = ["#0b6e6e", "#d1431b", "#a07d1c", "#5c6d86", "#7d4f9e", "#3f8f3a", "#b0487a", "#2b6cb0"];
const SCALE = [[0, "#3a4f9a"], [0.3, "#0b6e6e"], [0.6, "#7fb069"], [1, "#f2c14e"]];

const scatterOf = (Plotly, element, table, pick) => {
  const { byName } = table;
  const state = { x: "", y: "", colour: "", logX: false, logY: false, chosen: null };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const label = (c) => (c.unit ? `${c.title} [${c.unit}]` : c.title);
  const name = byName.get(NAME).values;

  const axis = (column, log) => ({
    title: { text: label(column), font: { size: 13 }, standoff: 12 },
    type: log ? "log" : "linear", gridcolor: css("grid"), linecolor: css("line"), zeroline: false,
    tickfont: { size: 12 }, exponentformat: "power", automargin: true, ...(log ? { dtick: undefined, nticks: 8 } : {}),
  });

  const points = (kept, log) => {
    const [x, y] = [byName.get(state.x).values, byName.get(state.y).values];
    return kept.filter((i) => x[i] !== null && y[i] !== null && (!log.x || x[i] > 0) && (!log.y || y[i] > 0));
  };

  const colouring = (column, seen) => {
    if (!column) return { one: { color: css("accent") } };
    if (column.kind === "text" || column.kind === "flag") {
      const count = new Map();
      seen.forEach((i) => count.set(column.values[i], (count.get(column.values[i]) || 0) + 1));
      const names = [...count].sort((a, b) => b[1] - a[1]).map(([v]) => v);
      return { names };
    }
    const values = seen.map((i) => column.values[i]).filter((v) => v !== null).sort((a, b) => a - b);
    if (!values.length) return { one: { color: css("accent") } };
    const at = (q) => values[Math.min(values.length - 1, Math.floor(q * values.length))];
    return { low: at(0.02), high: at(0.98) };
  };

  const draw = () => {
    const [cx, cy, cc] = [state.x, state.y, state.colour].map((n) => byName.get(n));
    const kept = table.state.kept;
    const seen = points(kept, { x: state.logX, y: state.logY });
    const colour = colouring(cc, seen);
    const narrow = element.clientWidth < 560;
    const size = seen.length > 2000 ? 5 : seen.length > 300 ? 7 : 9;
    const trace = (rows, marker, more = {}) => ({
      type: "scattergl", mode: "markers", x: rows.map((i) => cx.values[i]), y: rows.map((i) => cy.values[i]), customdata: rows,
      text: rows.map((i) => `<b>${name[i]}</b><br>${cx.title}: ${shown(cx.values[i], cx.kind)}<br>${cy.title}: ${shown(cy.values[i], cy.kind)}${cc ? `<br>${cc.title}: ${shown(cc.values[i], cc.kind)}` : ""}`),
      hovertemplate: "%{text}<extra></extra>", marker: { size, opacity: 0.8, line: { width: 0.6, color: css("card") }, ...marker }, showlegend: false, ...more,
    });
    let traces;
    if (colour.names) {
      const shownNames = colour.names.slice(0, PALETTE.length - 1);
      traces = shownNames.map((value, k) =>
        trace(seen.filter((i) => cc.values[i] === value), { color: PALETTE[k] }, { name: shown(value, cc.kind), showlegend: true }));
      const rest = seen.filter((i) => !shownNames.includes(cc.values[i]));
      if (rest.length) traces.push(trace(rest, { color: css("soft") }, { name: "others", showlegend: true }));
    } else if (colour.one) {
      traces = [trace(seen, colour.one)];
    } else {
      const bare = seen.filter((i) => cc.values[i] === null);
      const full = seen.filter((i) => cc.values[i] !== null);
      traces = [
        trace(bare, { color: css("line") }),
        trace(full, {
          color: full.map((i) => cc.values[i]), colorscale: SCALE, cmin: colour.low, cmax: colour.high,
          colorbar: {
            title: { text: label(cc), side: narrow ? "top" : "right", font: { size: 12 } }, thickness: 12, outlinewidth: 0, tickfont: { size: 11 }, exponentformat: "power",
            ...(narrow ? { orientation: "h", y: 1.02, yanchor: "bottom", len: 1 } : {}),
          },
        }),
      ];
    }
    if (state.chosen !== null && cx.values[state.chosen] !== null && cy.values[state.chosen] !== null) {
      traces.push(trace([state.chosen], { size: size + 9, color: "rgba(0,0,0,0)", line: { width: 2.4, color: css("calc") } }, { hoverinfo: "skip", hovertemplate: undefined }));
    }
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: narrow ? 46 : 70, r: narrow ? 8 : 20, t: 14, b: 58 },
      font: { family: css("sans"), color: css("ink"), size: 13 }, hoverlabel: { align: "left" }, dragmode: "zoom", modebar: { bgcolor: "rgba(0,0,0,0)", color: css("soft"), activecolor: css("accent") },
      xaxis: axis(cx, state.logX), yaxis: axis(cy, state.logY), legend: { font: { size: 12 } },
      annotations: seen.length ? [] : [{ text: "no structure has both values", showarrow: false, font: { color: css("soft"), size: 15 } }],
    };
    Plotly.react(element, traces, layout, { responsive: true, displaylogo: false, displayModeBar: narrow ? false : "hover", modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] });
    return seen.length;
  };

  let bound = false;
  const redraw = () => {
    const n = draw();
    if (!bound) {
      bound = true;
      element.on("plotly_click", (event) => pick(event.points[0].customdata));
    }
    return n;
  };
  return { state, redraw };
};
