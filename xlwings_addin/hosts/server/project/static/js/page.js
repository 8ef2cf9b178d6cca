// What the task pane shows. A press on a part, an input or a finding goes to its cell; a press on a case
// selects it. Bars only repeat what stands beside them in figures.
const byId = (id) => document.getElementById(id);
const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const rate = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, signDisplay: "always" });
const isNumber = (value) => typeof value === "number";
const figure = (value) => (isNumber(value) ? money.format(value) : `${value ?? "n/a"}`);

export const say = (sentence) => (byId("status").textContent = sentence);

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// --- figures ---------------------------------------------------------------------------------------------

export function showFigures(figures, { onCell, onCase }) {
  const focused = document.activeElement?.dataset?.stands;
  const { currency } = figures;
  byId("headline").textContent = figures.headline;
  byId("verdict").textContent = figures.verdict ? `Verdict: ${figures.verdict}` : "";
  byId("verdict").hidden = !figures.verdict;
  showGauge(figures);
  for (const unit of document.querySelectorAll(".listing")) unit.textContent = currency;
  for (const key of ["value", "price", "weighted"]) byId(key).textContent = `${currency} ${figure(figures[key])}`;
  byId("upside").textContent = isNumber(figures.upside) ? rate.format(figures.upside) : figure(figures.upside);
  byId("price-date").textContent = `of ${figures.priceDate}`;
  mark("checks", figures.checks, figures.ok);
  mark("ages", figures.ages, !figures.old);
  showCases(figures, onCase);
  const scale = scaleOf(figures.parts.map((part) => part.value));
  byId("parts").replaceChildren(
    ...figures.parts.map((part) =>
      row(link(part.label, part.cell, onCell), bar(part.value, scale), [figure(part.value)], part.total),
    ),
  );
  showTornado(figures.tornado, onCell);
  byId("findings").replaceChildren(...figures.findings.map((finding) => place(finding, onCell)));
  byId("findings-section").hidden = figures.findings.length === 0;
  byId("implied-price").placeholder ||= figure(figures.price);
  for (const section of document.querySelectorAll(".figures")) section.hidden = false;
  if (focused) document.querySelector(`[data-stands="${CSS.escape(focused)}"]`)?.focus();
}

function mark(id, text, good) {
  byId(id).textContent = text;
  byId(id).className = good ? "good" : "bad";
}

// From the lowest to the highest case with a weight, with the value and the price.
function showGauge({ low, high, value, price, weighted, currency }) {
  const shows = isNumber(value) && isNumber(price);
  byId("gauge").hidden = byId("gauge-text").hidden = !shows;
  if (!shows) return;
  const scale = scaleOf([low, high, value, price]);
  const marks = [stripe("mark", value, scale), stripe("tick", price, scale)];
  const spread = isNumber(low) && isNumber(high);
  byId("gauge").replaceChildren(...(spread ? [span("bar", low, high, scale)] : []), ...marks);
  const swatch = (className) => {
    const made = element("span", "", className);
    made.setAttribute("aria-hidden", "true");
    return made;
  };
  const cases = ` cases with a weight, ${figure(low)} to ${figure(high)}, weighted ${figure(weighted)}`;
  byId("gauge-text").replaceChildren(
    ...[swatch("tick"), ` price ${figure(price)} `, swatch("mark"), ` value ${figure(value)} ${currency} `],
    ...(spread ? [swatch("bar"), cases] : []),
  );
}

function showCases({ cases }, onCase) {
  const scale = scaleOf(cases.flatMap((one) => [one.value, one.price]));
  byId("cases").replaceChildren(
    ...cases.map((one) => {
      const choice = button(one.label.replaceAll("_", " "), () => onCase(one.label), one.label);
      choice.setAttribute("aria-pressed", one.selected);
      const price = document.createDocumentFragment();
      price.append(figure(one.price), element("span", one.priceDate, "small"));
      return row(choice, bar(one.value, scale, one.price), [figure(one.value), price], one.selected);
    }),
  );
}

function showTornado(bars, onCell) {
  byId("tornado-section").hidden = bars.length === 0;
  const ends = bars.flatMap(({ low, high, present }) => [low, high, present]).filter(isNumber);
  const scale = { low: Math.min(...ends), span: Math.max(...ends) - Math.min(...ends) || 1 };
  byId("tornado").replaceChildren(
    ...bars.map((one) => {
      const name = document.createDocumentFragment();
      name.append(link(one.label, one.cell, onCell), element("span", one.range, "small"));
      const track = element("div", "", "track");
      track.setAttribute("aria-hidden", "true");
      const [low, high] = [one.low ?? one.present, one.high ?? one.present];
      track.append(span("bar", Math.min(low, high), Math.max(low, high), scale), stripe("tick", one.present, scale));
      return row(name, track, [figure(one.low), figure(one.high)]);
    }),
  );
}

// --- questions -------------------------------------------------------------------------------------------

export function showImplied({ price, currency, answers, case: of }) {
  byId("implied-asked").textContent = `For ${currency} ${figure(price)} a share, one at a time, all else as in ${of}:`;
  byId("implied-answers").replaceChildren(
    ...answers.map(({ label, needs, present }) => {
      const item = element("li");
      item.append(element("strong", label), `: ${needs}`);
      if (present) item.append(element("span", `in the case ${present}`, "small"));
      return item;
    }),
  );
}

export function showPreview({ case: of, currency, before, after, groups, notes }, onCell) {
  byId("preview-value").textContent =
    `A share in ${of}: from ${figure(before)} to ${figure(after)} ${currency}. Nothing is written yet.`;
  const lists = groups.flatMap(({ title, count, changes }) => {
    const list = element("ul");
    list.append(...changes.map((change) => place(change, onCell)));
    if (count > changes.length) list.append(element("li", `and ${count - changes.length} more`));
    return [element("h3", `${title}: ${count}`), list];
  });
  const nothing = groups.length ? [] : [element("p", "Nothing: the workbook has what the tables have.")];
  byId("preview-groups").replaceChildren(...nothing, ...lists, ...notes.map((note) => element("p", note)));
  byId("preview-section").hidden = false;
}

export const hidePreview = () => (byId("preview-section").hidden = true);

// --- functions -------------------------------------------------------------------------------------------

export function listFunctions(functions, onInsert) {
  const wanted = byId("functions-wanted");
  const items = functions.map(({ name, signature, summary, formula }) => {
    const item = element("li");
    const insert = button("Insert", () => onInsert(formula));
    insert.setAttribute("aria-label", `Insert ${name}`);
    item.append(element("code", signature), " ", insert, element("span", summary, "small"));
    return [item, `${signature} ${summary}`.toLowerCase()];
  });
  const filter = () => {
    const words = wanted.value.toLowerCase().split(/\s+/);
    for (const [item, text] of items) item.hidden = !words.every((word) => text.includes(word));
    const count = items.filter(([item]) => !item.hidden).length;
    byId("functions-count").textContent = `${count} of ${items.length} functions`;
  };
  byId("functions-list").replaceChildren(...items.map(([item]) => item));
  wanted.addEventListener("input", filter);
  filter();
}

// A workbook that is no model: functions only.
export function showFunctionsOnly() {
  byId("headline").textContent = "This workbook is no model of this add-in. Its functions work in every cell.";
  byId("functions").open = true;
  for (const id of ["refresh", "preview"]) byId(id).hidden = true;
}

export function showModelButtons() {
  for (const id of ["refresh", "preview"]) byId(id).hidden = false;
}

// --- errors of cells -------------------------------------------------------------------------------------

const LATEST_ERRORS = 5;
const errors = new Map();

export function tellError({ name, address, message }) {
  const cell = `${address} ${name}`;
  if (message === (errors.get(cell) ?? "")) return;
  errors.delete(cell);
  if (message) errors.set(cell, message);
  const latest = [...errors].slice(-LATEST_ERRORS).reverse();
  byId("errors").replaceChildren(...latest.map(([where, why]) => element("li", `${where}: ${why}`)));
  byId("errors-section").hidden = latest.length === 0;
}

// --- pieces ----------------------------------------------------------------------------------------------

function button(text, onPress, stands = "") {
  const made = element("button", text, "link");
  made.type = "button";
  if (stands) made.dataset.stands = stands;
  made.addEventListener("click", onPress);
  return made;
}

// A text that goes to a cell, or the text alone where there is none.
function link(text, cell, onCell) {
  if (!cell) return document.createTextNode(text);
  const made = button(text, () => onCell(cell), cell.join("!"));
  made.title = cell.join("!");
  return made;
}

function place({ text, cell }, onCell) {
  const item = element("li");
  if (cell) item.append(link(cell.join("!"), cell, onCell), " ");
  item.append(text);
  return item;
}

function row(label, chart, values, strong) {
  const line = element("tr");
  const head = line.appendChild(element("th"));
  head.scope = "row";
  head.append(label);
  line.appendChild(element("td")).append(chart);
  for (const value of values) line.appendChild(element("td")).append(value);
  line.classList.toggle("strong", Boolean(strong));
  return line;
}

function scaleOf(values) {
  const numbers = values.filter(isNumber);
  const low = Math.min(0, ...numbers);
  return { low, span: Math.max(0, ...numbers) - low || 1 };
}

const share = (value, { low, span: width }) => `${(100 * (value - low)) / width}%`;

function span(className, from, to, scale) {
  const made = element("span", "", className);
  made.style.left = share(from, scale);
  made.style.width = `${(100 * (to - from)) / scale.span}%`;
  return made;
}

function stripe(className, value, scale) {
  const made = element("span", "", className);
  made.style.left = share(value, scale);
  return made;
}

function bar(value, scale, price) {
  const track = element("div", "", "track");
  track.setAttribute("aria-hidden", "true");
  if (isNumber(value)) {
    track.append(span(value < 0 ? "bar negative" : "bar", Math.min(0, value), Math.max(0, value), scale));
  }
  if (isNumber(price)) track.append(stripe("tick", price, scale));
  return track;
}
