"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // The theme: the system's unless one is chosen. Nothing is kept: the page asks for no storage.
  for (const chooser of all(".theme")) {
    chooser.hidden = false;
    chooser.addEventListener("change", (event) => {
      const wish = event.target.value;
      if (wish === "auto") root.removeAttribute("data-theme");
      else root.setAttribute("data-theme", wish);
    });
  }

  // Sorting: a button in each heading, first click as one would expect it, second the other way.
  const valueOf = (row, column, kind) => {
    const cell = row.cells[column];
    const text = (cell.dataset.value ?? cell.textContent).trim();
    if (kind !== "number") return text;
    const found = parseFloat(text);
    return Number.isNaN(found) ? -Infinity : found;
  };
  const compare = new Intl.Collator(root.lang, { numeric: true }).compare;
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    all("th[data-sort]", table.tHead).forEach((heading) => {
      const kind = heading.dataset.sort;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const column = heading.cellIndex;
        const up = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", up === 1 ? "ascending" : "descending");
        const rows = original.map((row) => [valueOf(row, column, kind), row]);
        rows.sort(([a], [b]) => up * (kind === "number" ? (a === b ? 0 : a < b ? -1 : 1) : compare(a, b)));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }

  // Filtering: rows that hold the text stay; how many is said to who can't see it.
  for (const box of all(".filter")) {
    const input = box.querySelector("input");
    const table = document.getElementById(input.dataset.table);
    if (!table) continue;
    box.hidden = false;
    const said = box.querySelector("output");
    const none = table.closest("section").querySelector(".no-match");
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map((row) => row.textContent.toLocaleLowerCase());
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLocaleLowerCase();
      let shown = 0;
      rows.forEach((row, at) => {
        row.hidden = !texts[at].includes(wanted);
        if (!row.hidden) shown += 1;
      });
      said.textContent = wanted ? said.dataset.text.replace("{shown}", shown).replace("{count}", rows.length) : "";
      none.hidden = shown > 0;
    });
  }

  // Sums: a name opens the sum behind it on top of the page; without this, it leads to it.
  const opened = document.getElementById("opened");
  if (opened) {
    const sheet = opened.querySelector(".sheet");
    const open = (key) => {
      const sum = document.getElementById(key);
      if (!sum) return false;
      const copy = sum.cloneNode(true);
      copy.removeAttribute("id");
      copy.removeAttribute("aria-labelledby");
      copy.querySelector("h2").id = "opened-title";
      sheet.replaceChildren(copy);
      opened.showModal();
      opened.scrollTop = 0;
      return true;
    };
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a.open");
      if (link && open(link.hash.slice(1))) event.preventDefault();
    });
    opened.querySelector(".close").addEventListener("click", () => opened.close());
    opened.addEventListener("click", (event) => {
      if (event.target === opened) opened.close();
    });
  }
})();
