// What the reader can do: choose a candidate, change the scale, turn the crystal, copy texts.
const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];

const copyText = async (text, button) => {
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = said; }, 1600);
};

const fill = (candidate) => {
  all("[data-fill]").forEach((node) => {
    const value = candidate.texts[node.dataset.fill];
    node.textContent = value === undefined ? "" : value;
    const box = node.closest("[data-optional]");
    if (box) box.hidden = !value;
  });
  const list = one("#elements");
  if (list) {
    list.replaceChildren(
      ...(candidate.structure.elements || []).map((e) => {
        const item = document.createElement("li");
        const ball = document.createElement("i");
        ball.style.background = e.colour;
        item.append(ball, e.symbol);
        return item;
      }),
    );
  }
  all("tr.pick").forEach((row) => row.classList.toggle("chosen", +row.dataset.rank === candidate.rank));
  all("select.choose").forEach((select) => { select.value = String(candidate.rank); });
};

const start = async () => {
  all("button.copy").forEach((button) =>
    button.addEventListener("click", () => copyText(document.getElementById(button.dataset.copy).innerText, button)),
  );
  all("button.more").forEach((button) =>
    button.addEventListener("click", () => {
      button.parentElement.querySelector("table.short").classList.remove("short");
      button.remove();
    }),
  );
  if (!one("#fit-figure") && !one("#structure-figure")) return;
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old to unpack the figures (2023 or later is needed)");
  const report = unpack(await inflate("packed-data"));
  const byRank = new Map(report.head.candidates.map((c) => [c.rank, c]));
  const Plotly = await loadPlotly();
  const fit = one("#fit-figure") && fitChart(Plotly, report, one("#fit-figure"));
  const structure = one("#structure-figure") && structureView(Plotly, report, one("#structure-figure"));
  const choose = (rank) => {
    const candidate = byRank.get(+rank);
    if (!candidate) return;
    fill(candidate);
    if (fit) one("#fit-none").hidden = fit.show(candidate);
    try {
      if (structure) structure.show(candidate);
    } catch (error) {
      one("#structure-figure").textContent = `The structure cannot be drawn here (${error.message}).`;
    }
  };
  all("select.choose").forEach((select) => {
    select.disabled = false;
    select.addEventListener("change", () => choose(select.value));
  });
  all("tr.pick").forEach((row) =>
    row.addEventListener("click", (event) => {
      if (event.target.closest("a")) return;
      choose(row.dataset.rank);
    }),
  );
  const root = one("#root");
  if (root && fit)
    root.addEventListener("click", () => {
      const on = root.getAttribute("aria-pressed") !== "true";
      root.setAttribute("aria-pressed", String(on));
      fit.setRoot(on);
    });
  all("[data-along]").forEach((button) =>
    button.addEventListener("click", () => structure && structure.along(button.dataset.along === "" ? undefined : +button.dataset.along)),
  );
  all("[data-zoom]").forEach((button) =>
    button.addEventListener("click", () => structure && structure.nearer(+button.dataset.zoom)),
  );
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (fit) fit.redraw();
    if (structure) structure.redraw();
  });
  const first = report.head.candidates[0];
  if (first) choose(first.rank);
  document.documentElement.dataset.ready = "yes";
};

start().catch((error) => {
  const note = document.createElement("p");
  note.className = "trouble";
  note.textContent = `The figures cannot be drawn: ${error.message}. The tables are complete, and the fit stands in the CSV files beside this page.`;
  (one("#fit") || one("main")).append(note);
  console.error(error);
});
