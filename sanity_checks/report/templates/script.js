"use strict";
(() => {
  document.documentElement.classList.add("js");

  // Sorting: a button in every head; numbers by value, text by alphabet, empty cells last.
  const key = (row, column) => {
    const text = row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const number = Number(text);
    return text === "" ? null : Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  };
  const sort = (table, column, descending) => {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [key(row, column), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return descending ? compare(b, a) : compare(a, b);
    });
    body.append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, column, descending);
      });
    });
  }

  // Filters: a choice for each of the columns that the table names.
  for (const table of document.querySelectorAll("table[data-filters]")) {
    const columns = Array.from(table.tHead.rows[0].cells, (head) => head.textContent);
    const bar = document.createElement("div");
    bar.className = "filters";
    const selects = [];
    const apply = () => {
      for (const row of table.tBodies[0].rows) {
        row.hidden = selects.some(([select, column]) =>
          select.value !== "" && row.cells[column].textContent !== select.value);
      }
    };
    for (const name of table.dataset.filters.split("|")) {
      const column = columns.indexOf(name);
      const values = new Set(Array.from(table.tBodies[0].rows, (row) => row.cells[column].textContent));
      if (values.size < 2) continue;
      const label = document.createElement("label");
      const select = document.createElement("select");
      select.add(new Option("all", ""));
      for (const value of values) select.add(new Option(value, value));
      select.addEventListener("change", apply);
      selects.push([select, column]);
      label.append(`${name} `, select);
      bar.append(label);
    }
    table.parentElement.before(bar);
    apply();
  }

  // What a link leads to may lie in something that is closed.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (target) target.scrollIntoView();
  };
  window.addEventListener("hashchange", reveal);
  reveal();

  // Maps: one stage at a time.
  for (const article of document.querySelectorAll(".specimen")) {
    const stages = JSON.parse(article.dataset.stages);
    const explained = JSON.parse(article.dataset.explained);
    const slider = article.querySelector("input[type=range]");
    const output = article.querySelector("output");
    const strips = article.querySelectorAll(".strip");
    const show = () => {
      const stage = Number(slider.value);
      article.style.setProperty("--stage", stage);
      slider.setAttribute("aria-valuetext", stages[stage]);
      output.querySelector("strong").textContent = stages[stage];
      output.querySelector("span").textContent = `explains ${explained[stage]}`;
      for (const strip of strips) {
        const values = strip.querySelectorAll(".values li");
        values.forEach((value, i) => value.classList.toggle("now", i === stage));
        const numbers = Array.from(values[stage].querySelectorAll(".value"), (value) => value.textContent).join(", ");
        const method = strip.querySelector("figcaption").textContent;
        for (const image of strip.querySelectorAll("img")) image.alt = `${method} at ${stages[stage]}: ${numbers}`;
      }
    };
    article.querySelector(".stepper").hidden = false;
    slider.addEventListener("input", show);
    show();
  }
  const modes = document.querySelector(".modes");
  if (modes) {
    const set = () => { modes.parentElement.dataset.mode = modes.querySelector(":checked").value; };
    modes.hidden = false;
    modes.addEventListener("change", set);
    set();
  }
})();
