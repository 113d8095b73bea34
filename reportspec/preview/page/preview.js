"use strict";
// The preview's page: what was chosen stands in its address, what there is to show comes from the server as data, and the
// report is a document of its own in which nothing runs; its figures become buttons here.

const $ = (id) => document.getElementById(id);
const chosen = new URLSearchParams(location.search);
let shown = null; // the id of the page that is shown
let frame = null;
let asking = 0; // the number of the request whose answer is waited for
let mistakes = 0; // how many there were
let at = null; // the figure whose details are open, by its mark

// --- what there is to show ---------------------------------------------------------------------

async function refresh(moved) {
  const mine = ++asking;
  let state;
  try {
    const answer = await fetch(`state?${chosen}`);
    if (!answer.ok) throw new Error(await answer.text());
    state = await answer.json();
  } catch (error) {
    if (mine === asking) say("The preview does not answer: it has ended, or has a mistake of its own. The terminal tells more.", true);
    return;
  }
  if (mine !== asking) return; // a later one is on its way
  document.title = `${state.title} · preview`;
  $("spec").textContent = state.spec;
  fill(state);
  problems(state);
  const errors = state.diagnostics.filter((one) => one.severity === "error").length;
  const fresh = state.page !== shown;
  if (state.page !== null && fresh) await show(state.page, mine);
  if (mine !== asking) return;
  $("none").hidden = state.page !== null;
  $("report").classList.toggle("stale", state.stale);
  const when = new Date().toLocaleTimeString([], { hour12: false });
  if (errors) say(`${errors === 1 ? "1 mistake" : `${errors} mistakes`}: not rebuilt, ${when}`, true);
  else if (fresh || moved === "start") say(`Rebuilt ${when}, in ${state.seconds} s`);
  else say(`Nothing changed, ${when}`);
  document.documentElement.dataset.revision = state.revision;
}

function say(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

function make(name, text, classes) {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = text;
  if (classes) element.className = classes;
  return element;
}

// --- what is wrong -----------------------------------------------------------------------------

function problems(state) {
  const found = state.diagnostics;
  const errors = found.filter((one) => one.severity === "error").length;
  const warnings = found.length - errors;
  const named = [[errors, "mistake"], [warnings, "warning"]].filter(([count]) => count);
  $("problems").hidden = !found.length;
  $("problems").className = errors ? "errors" : "warnings";
  if (errors !== mistakes) $("problems").open = errors > 0; // warnings alone leave the room to the report
  mistakes = errors;
  $("problems-title").textContent = named.map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`).join(", ");
  $("stale").hidden = !state.stale;
  $("list").replaceChildren(...[...found].sort((a, b) => (a.severity === "error" ? 0 : 1) - (b.severity === "error" ? 0 : 1)).map(problem));
}

function problem(one) {
  const item = make("li", null, one.severity);
  const head = make("p");
  head.append(make("span", one.severity === "error" ? "Mistake: " : "Warning: ", "severity"), one.message, " ", make("span", one.code, "code"));
  item.append(head);
  if (one.file) item.append(make("p", `${one.file}:${one.line}:${one.column}`, "place"));
  if (one.excerpt.length) {
    const lines = make("pre");
    lines.tabIndex = 0;
    lines.setAttribute("aria-label", `${one.file}, line ${one.line}`);
    const width = String(one.excerpt.at(-1)[0]).length;
    for (const [number, before, meant, after] of one.excerpt) {
      lines.append(make("span", `${String(number).padStart(width)} | `, "number"), before);
      if (meant) lines.append(make("mark", meant));
      lines.append(`${after}\n`);
    }
    item.append(lines);
  }
  if (one.help) item.append(make("p", `Way out: ${one.help}`));
  for (const note of one.notes) item.append(make("p", note, "code"));
  return item;
}

// --- what is chosen ----------------------------------------------------------------------------

function choose(name, value) {
  if (value === "") chosen.delete(name);
  else chosen.set(name, value);
  const query = chosen.toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  say("Building …");
  refresh();
}

function fill(state) {
  const period = $("period");
  if (document.activeElement !== period) period.value = chosen.get("period") ?? "";
  if (state.period) period.placeholder = state.period;
  const each = $("each");
  $("each-field").hidden = !state.values.length;
  if (state.values.join("\n") !== [...each.options].map((one) => one.value).join("\n")) {
    each.replaceChildren(...state.values.map((value) => new Option(value, value)));
  }
  if (state.value) each.value = state.value;
  if (state.params.length || !state.stale) params(state.params);
  const read = state.read && state.source ? `Data of ${state.source}, read ${state.read}.` : "";
  if (read) $("data").textContent = read;
}

function params(all) {
  const place = $("params");
  const shape = JSON.stringify(all.map((one) => [one.name, one.type, one.choices]));
  if (place.dataset.shape !== shape) {
    place.dataset.shape = shape;
    place.replaceChildren(...all.map(param));
  }
  for (const one of all) {
    const input = $(`param-${one.name}`);
    if (document.activeElement !== input) input.value = chosen.get(`set.${one.name}`) ?? one.value;
  }
}

function param(one) {
  const field = make("div", null, "field");
  const label = make("label", one.name);
  const id = `param-${one.name}`;
  label.htmlFor = id;
  let input;
  const choices = one.type === "boolean" ? ["true", "false"] : one.choices;
  if (choices.length) {
    input = make("select");
    input.append(...choices.map((value) => new Option(value, value)));
  } else {
    input = make("input");
    input.type = one.type === "date" ? "date" : "text";
    if (one.type === "number" || one.type === "integer") input.inputMode = "decimal";
  }
  input.id = id;
  input.addEventListener("change", () => choose(`set.${one.name}`, input.value === one.default ? "" : input.value));
  field.append(label, input);
  return field;
}

// --- the report --------------------------------------------------------------------------------

function show(page, mine) {
  return new Promise((done) => {
    const next = make("iframe");
    next.title = "Report";
    next.className = "next";
    next.src = `report/${page}`;
    next.addEventListener("load", () => {
      if (mine !== asking) {
        next.remove();
        return done();
      }
      figures(next.contentDocument);
      const old = frame;
      const held = old && document.activeElement === old ? old.contentDocument.activeElement?.dataset?.figure : null;
      if (old) next.contentWindow.scrollTo(old.contentWindow.scrollX, old.contentWindow.scrollY);
      next.className = "";
      frame = next;
      shown = page;
      if (held) buttonOf(held)?.focus();
      old?.remove();
      done();
    });
    $("report").append(next);
  });
}

const STYLE = `button.figure{all:unset;cursor:pointer;border-radius:2px}
button.figure:hover{text-decoration:underline dotted;text-underline-offset:3px}
button.figure:focus-visible{outline:2px solid #0b57d0;outline-offset:2px}`;

function figures(page) {
  if (!page?.body) return;
  const style = page.createElement("style");
  style.textContent = STYLE;
  page.head.append(style);
  const hint = page.createElement("p");
  hint.id = "figure-hint";
  hint.hidden = true;
  hint.textContent = $("hint").textContent;
  page.body.append(hint);
  for (const place of page.querySelectorAll("[data-figure]")) {
    const button = page.createElement("button");
    button.type = "button";
    button.className = "figure";
    button.dataset.figure = place.dataset.figure;
    button.setAttribute("aria-haspopup", "dialog");
    button.setAttribute("aria-describedby", "figure-hint");
    button.tabIndex = -1;
    for (const node of [...place.childNodes]) if (node.nodeType === Node.TEXT_NODE) button.append(node);
    const called = nameOf(place);
    if (called) button.setAttribute("aria-label", `${called}: ${button.textContent.trim()}`);
    place.append(button);
  }
  for (const group of page.querySelectorAll("table, .tiles")) {
    const title = group.closest("section")?.querySelector("h2")?.firstChild?.textContent.trim();
    if (title && group.tagName === "TABLE") group.setAttribute("aria-label", title);
    const first = group.querySelector("button.figure");
    if (first) first.tabIndex = 0;
  }
  page.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-figure]");
    if (button) open(button.dataset.figure);
  });
  page.addEventListener("keydown", move);
  page.addEventListener("focusin", (event) => {
    const group = event.target.closest?.("button.figure") && event.target.closest("table, .tiles");
    if (!group) return;
    for (const other of group.querySelectorAll("button.figure")) other.tabIndex = other === event.target ? 0 : -1;
  });
}

// What a figure is called where it is heard alone: its tile's label, or its column's and its row's.
function nameOf(place) {
  const label = place.closest(".tile")?.querySelector(".label");
  if (label) return label.firstChild.textContent.trim();
  const column = place.closest("table")?.tHead?.rows[0]?.cells[place.cellIndex]?.firstChild?.textContent.trim();
  const row = place.parentElement.cells?.[0]?.textContent.trim();
  return [column, row].filter(Boolean).join(", ");
}

// One stop for each table and row of tiles; arrow keys lead to the other figures in it.
function move(event) {
  const button = event.target.closest?.("button.figure");
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  if (!button || !step || event.altKey || event.ctrlKey || event.metaKey) return;
  const group = button.closest("table, .tiles");
  const all = [...group.querySelectorAll("button.figure")];
  let next;
  const cell = button.closest("td");
  if (cell && step[0]) {
    const rows = [...group.querySelectorAll("tr")];
    for (let row = rows.indexOf(cell.parentElement) + step[0]; row >= 0 && row < rows.length && !next; row += step[0]) {
      next = rows[row].cells[cell.cellIndex]?.querySelector("button.figure");
    }
  } else {
    next = all[all.indexOf(button) + (step[1] || step[0])];
  }
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

function buttonOf(mark) {
  return [...(frame?.contentDocument?.querySelectorAll("button.figure") ?? [])].find((one) => one.dataset.figure === mark);
}

// --- what a figure is made of ------------------------------------------------------------------

async function open(mark, side = "current") {
  at = mark;
  const dialog = $("details");
  const text = (buttonOf(mark)?.textContent ?? "").trim();
  if (!dialog.open) {
    $("details-title").textContent = text;
    $("details-body").replaceChildren(make("p", "Asking …"));
    dialog.showModal();
    $("details-title").focus();
  }
  let found;
  try {
    found = await (await fetch(`figure?${new URLSearchParams({ page: shown, at: mark, side })}`)).json();
  } catch {
    found = { problem: "The preview does not answer." };
  }
  if (at !== mark || !dialog.open) return;
  if (found.problem) {
    $("details-body").replaceChildren(make("p", found.problem));
    return;
  }
  const told = found.explanation;
  const where = [found.section, ...found.row].join(" · ");
  $("details-title").textContent = told ? `${told.label}: ${text}` : `${where}: ${text}`;
  $("details-body").replaceChildren(...body(found, mark, where));
  if (side !== "current") $("details-body").querySelector(".sides [aria-pressed=true]")?.focus();
}

function body(found, mark, where) {
  const told = found.explanation;
  const parts = [make("p", where, "quiet")];
  if (told) {
    parts.push(make("p", told.definition));
    if (told.caveat) parts.push(make("p", `Mind: ${told.caveat}`));
  }
  if (found.compared) parts.push(sides(found, mark));
  const facts = make("dl");
  const fact = (name, ...values) => {
    if (!values.length) return;
    facts.append(make("dt", name), ...values.map((value) => make("dd", value)));
  };
  fact("Period", `${found.period}, as of ${found.as_of}`);
  if (told) {
    fact("Formula", told.formula);
    fact("Filters", ...told.filters);
    fact("Only here", ...told.within.map((text) => text.slice(text.indexOf(": ") + 2)));
  }
  parts.push(facts);
  parts.push(make("h3", "The rows behind it"));
  if (found.why) parts.push(make("p", found.why));
  for (const part of found.parts) parts.push(...rows(part, found));
  if (told) {
    const made = make("details");
    made.append(make("summary", "How it is counted, down to the source"), ...told.counted.flatMap(counted));
    if (told.tables.length) made.append(make("h3", "Columns of the source"), make("p", told.tables.join(", ")));
    const sql = make("details");
    sql.append(make("summary", "SQL"), ...told.statements.map((text) => {
      const lines = make("pre", text);
      lines.tabIndex = 0;
      lines.setAttribute("aria-label", "Statement");
      return lines;
    }));
    parts.push(made, sql);
  }
  return parts;
}

function sides(found, mark) {
  const group = make("div", null, "sides");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Which period");
  for (const [side, name] of [["current", "This period"], ["previous", "Compared with"]]) {
    const button = make("button", name);
    button.type = "button";
    button.setAttribute("aria-pressed", String(found.side === side));
    button.addEventListener("click", () => open(mark, side));
    group.append(button);
  }
  return group;
}

function rows(part, found) {
  const many = part.rows.length;
  const count = part.more ? `the ${many} that add the most` : many === 1 ? "1 row" : `${many} rows`;
  const said = [make("p", `${part.label}, rows of ${part.entity}: ${count}`)];
  if (!many) return said;
  const table = make("table");
  const caption = make("caption", `${part.label}: ${count}`);
  caption.hidden = true;
  const head = make("tr");
  const first = part.named ? 2 : 1; // what a row is called stands before what it adds
  for (const name of part.fields.toSpliced(first, 0, "adds")) {
    const cell = make("th", name, name === "adds" ? "n" : "");
    cell.scope = "col";
    head.append(cell);
  }
  const top = make("thead");
  top.append(head);
  const lines = make("tbody");
  for (const row of part.rows) {
    const line = make("tr");
    const cells = row.values.map((value) => make("td", value));
    line.append(...cells.toSpliced(first, 0, make("td", row.adds, "n")));
    lines.append(line);
  }
  table.append(caption, top, lines);
  const scroll = make("div", null, "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", `Rows of ${part.entity}`);
  scroll.append(table);
  said.push(scroll);
  if (found.masked) said.push(make("p", "Personal data are covered; `--show-personal` shows them.", "quiet"));
  return said;
}

function counted(part) {
  const made = [make("h3", part.metric), make("p", part.formula), make("p", `Rows: ${part.entity}. ${part.population}`)];
  const list = make("ul");
  for (const text of part.conditions) {
    const item = make("li", "counts where ");
    item.append(make("code", text));
    list.append(item);
  }
  list.append(make("li", `by ${part.time}`));
  if (part.history) list.append(make("li", `states of the past by ${part.history}`));
  for (const text of part.joins) list.append(make("li", `joined: ${text}`));
  for (const field of part.fields) {
    const from = field.source.join(" and ") || `made of ${field.made_of.join(", ") || "nothing of the source"}`;
    list.append(make("li", `${field.field} ← ${from}`));
  }
  made.push(list);
  return made;
}

$("close").addEventListener("click", () => $("details").close());
$("details").addEventListener("close", () => {
  const mark = at;
  at = null;
  const button = mark && buttonOf(mark);
  if (!button) return $("report").focus();
  frame.contentWindow.focus();
  button.focus();
});
$("details").addEventListener("click", (event) => {
  if (event.target === $("details")) $("details").close(); // beside it
});

// --- from here on ------------------------------------------------------------------------------

$("choices").addEventListener("submit", (event) => event.preventDefault());
$("period").addEventListener("change", (event) => choose("period", event.target.value.trim()));
$("each").addEventListener("change", (event) => choose("each", event.target.value));
$("reset").addEventListener("click", () => {
  for (const name of [...chosen.keys()]) chosen.delete(name);
  history.replaceState(null, "", location.pathname);
  say("Building …");
  refresh();
});
$("again").addEventListener("click", async () => {
  say("Reading the data …");
  await fetch("read-again", { method: "POST" });
});
$("toggle").addEventListener("click", () => {
  const open = $("choices").classList.toggle("open");
  $("toggle").setAttribute("aria-expanded", String(open));
});

let revision = null;
const events = new EventSource("events");
events.addEventListener("message", (event) => {
  if (event.data === revision) return;
  const first = revision === null;
  revision = event.data;
  if (!first) say("Building …");
  refresh(first ? "start" : "file");
});
events.addEventListener("error", () => say("The preview has ended: start it again in the terminal.", true));
