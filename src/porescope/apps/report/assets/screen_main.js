// The table, its filters, and what a click does.
const PAGE = 100;
const one = (selector) => document.querySelector(selector);
const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

const startScreen = async () => {
  if (!one("#grid")) return;
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old to unpack the table (2023 or later is needed)");
  const { head } = unpack(await inflate("packed-data"));
  const columns = head.columns;
  const table = rowsOf(columns, head.n);
  const view = { page: 0, chosen: null, columns: columns.filter((c) => c.shown).map((c) => c.name) };
  const isNumber = (c) => c.kind === "number" || c.kind === "count";
  const body = one("#grid tbody");
  let plot = null;

  const drawBody = () => {
    const kept = table.state.kept;
    const pages = Math.max(1, Math.ceil(kept.length / PAGE));
    view.page = Math.min(view.page, pages - 1);
    const rows = kept.slice(view.page * PAGE, (view.page + 1) * PAGE);
    body.replaceChildren(
      ...rows.map((i) => {
        const row = make("tr", { className: i === view.chosen ? "chosen" : "" });
        row.dataset.row = i;
        for (const name of view.columns) {
          const c = table.byName.get(name);
          const text = shown(c.values[i], c.kind);
          const cell = make("td", { className: `${isNumber(c) ? "n" : ""}${c.values[i] === null ? " none" : ""}`, title: c.kind === "text" ? text : "" });
          if (name === "status" && text !== "ok") cell.append(make("span", { className: "chip bad" }, text));
          else cell.textContent = text;
          row.append(cell);
        }
        return row;
      }),
    );
    const from = kept.length ? view.page * PAGE + 1 : 0;
    one("#range").textContent = `${from}–${view.page * PAGE + rows.length} of ${kept.length}`;
    one("#kept").textContent = kept.length === head.n ? `${shown(head.n, "count")} rows` : `${shown(kept.length, "count")} of ${shown(head.n, "count")} rows`;
    one("#previous").disabled = view.page === 0;
    one("#next").disabled = view.page >= pages - 1;
  };

  const drawHead = () => {
    const names = make("tr");
    const limits = make("tr", { className: "limits" });
    for (const name of view.columns) {
      const c = table.byName.get(name);
      const cell = make("th", { scope: "col", className: isNumber(c) ? "n" : "" });
      if (table.state.sort === name) cell.setAttribute("aria-sort", table.state.down ? "descending" : "ascending");
      const button = make("button", { type: "button", className: "sort" }, c.title);
      button.addEventListener("click", () => {
        table.state.down = table.state.sort === name ? !table.state.down : isNumber(c);
        table.state.sort = name;
        changed();
        drawHead();
      });
      cell.append(button);
      if (c.unit) cell.append(make("small", {}, c.unit));
      names.append(cell);
      const input = make("input", {
        type: "text", value: view.typed?.[name] ?? "", placeholder: isNumber(c) ? "≥" : "has",
        title: isNumber(c) ? "4, <4, 2..5, – for missing" : "part of the text", ariaLabel: `Filter ${c.title}`,
      });
      input.addEventListener("input", () => {
        view.typed = { ...view.typed, [name]: input.value };
        const test = limitOf(input.value, c.kind);
        input.classList.toggle("wrong", test === null);
        if (test === null) return;
        if (input.value.trim()) table.state.limits.set(name, test);
        else table.state.limits.delete(name);
        changed();
      });
      limits.append(make("td", { className: isNumber(c) ? "n" : "" }, input));
    }
    one("#grid thead").replaceChildren(names, limits);
  };

  const changed = () => {
    table.update();
    view.page = 0;
    drawBody();
    if (plot) plot.redraw();
  };

  const pick = (i) => {
    view.chosen = view.chosen === i ? null : i;
    const at = table.state.kept.indexOf(i);
    if (view.chosen !== null && at >= 0) view.page = Math.floor(at / PAGE);
    drawBody();
    const said = one("#picked");
    said.replaceChildren();
    if (view.chosen !== null) {
      const facts = view.columns.filter((n) => n !== NAME && n !== "status" && table.byName.get(n).values[i] !== null).slice(0, 7)
        .map((n) => { const c = table.byName.get(n); return `${c.title} ${shown(c.values[i], c.kind)}${c.unit ? ` ${c.unit}` : ""}`; });
      said.append(make("b", {}, table.byName.get(NAME).values[i]), ` · ${facts.join(" · ")}`);
    }
    if (plot) { plot.state.chosen = view.chosen; plot.redraw(); }
  };

  const chooser = one("#chooser");
  const groups = [...new Set(columns.map((c) => c.group || "structure"))];
  chooser.replaceChildren(
    ...groups.map((group) => {
      const set = make("fieldset", {}, make("legend", {}, group));
      columns.filter((c) => (c.group || "structure") === group && c.name !== NAME).forEach((c) => {
        const box = make("input", { type: "checkbox", checked: view.columns.includes(c.name) });
        box.addEventListener("change", () => {
          view.columns = columns.map((k) => k.name).filter((n) => (n === c.name ? box.checked : view.columns.includes(n)));
          drawHead();
          drawBody();
        });
        set.append(make("label", {}, box, c.title));
      });
      return set;
    }),
  );
  document.addEventListener("click", (event) => {
    if (!event.target.closest("details.columns")) one("details.columns").open = false;
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && !String(window.getSelection())) pick(+row.dataset.row);
  });
  one("#search").addEventListener("input", (event) => { table.state.search = event.target.value; changed(); });
  one("#previous").addEventListener("click", () => { view.page -= 1; drawBody(); });
  one("#next").addEventListener("click", () => { view.page += 1; drawBody(); });
  one("#save").addEventListener("click", () => {
    const quote = (v) => (v === null ? "" : /[",\n]/.test(v) ? `"${String(v).replaceAll('"', '""')}"` : v);
    const lines = [columns.map((c) => c.name).join(","), ...table.state.kept.map((i) => columns.map((c) => quote(c.values[i])).join(","))];
    const link = make("a", { href: URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" })), download: "screen-filtered.csv" });
    link.click();
  });
  drawHead();
  drawBody();

  const numeric = columns.filter((c) => isNumber(c) && c.values.some((v) => v !== null));
  if (numeric.length < 2) {
    one("#plot").hidden = true;
    one('nav a[href="#plot"]').hidden = true;
  } else {
    const Plotly = await loadPlotly();
    plot = scatterOf(Plotly, one("#scatter"), table, pick);
    const kinds = columns.filter((c) => c.kind !== "number" && c.kind !== "count" && ["status", "charge_source", "pore_engine", "pore_status"].includes(c.name) || c.kind === "flag");
    const selects = { x: numeric, y: numeric, colour: [{ name: "", title: "none" }, ...numeric, ...kinds] };
    for (const [key, list] of Object.entries(selects)) {
      const select = one(`#by-${key}`);
      select.append(...list.map((c) => make("option", { value: c.name }, c.unit ? `${c.title} [${c.unit}]` : c.title)));
      plot.state[key] = list.some((c) => c.name === head.axes[key]) ? head.axes[key] : (list[key === "y" ? 1 : 0]).name;
      select.value = plot.state[key];
      select.addEventListener("change", () => { plot.state[key] = select.value; plot.redraw(); });
    }
    for (const key of ["x", "y"]) {
      const box = one(`#log-${key}`);
      const field = `log${key.toUpperCase()}`;
      plot.state[field] = box.checked = head.axes[field];
      box.addEventListener("change", () => { plot.state[field] = box.checked; plot.redraw(); });
    }
    plot.redraw();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", plot.redraw);
  }
  document.documentElement.dataset.ready = "yes";
};

startScreen().catch((error) => {
  const note = document.createElement("p");
  note.className = "trouble";
  note.textContent = `The table cannot be shown: ${error.message}. It stands in results.csv beside this page.`;
  one("main").append(note);
  console.error(error);
});
