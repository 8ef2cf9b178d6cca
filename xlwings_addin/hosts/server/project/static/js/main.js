// The task pane. Its figures are those of the open workbook: the script `check` reads them from its cells.
const addin = JSON.parse(document.getElementById("addin").textContent);
const byId = (id) => document.getElementById(id);
const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const shown = (value) => (typeof value === "number" ? money.format(value) : `${value ?? "n/a"}`);
const ERRORS_SHOWN = 5;

// What a cell shows whose function has not answered yet, and the milliseconds to wait for it.
const BUSY = ["#BUSY!", "#GETTING_DATA"];
const PATIENCE = 30_000;

// --- what Office.js reads and keeps for the scripts ------------------------------------------------------

// The client of xlwings sends values; formulas and the record of the last refresh are sent as arguments.
async function formulasOf(titles) {
  const waitsUntil = Date.now() + PATIENCE;
  for (;;) {
    const sheets = await Excel.run((context) => cellsOf(context, titles));
    const busy = sheets.some(([, range]) => range.values.flat().some((value) => BUSY.includes(value)));
    if (!busy || Date.now() > waitsUntil) {
      return Object.fromEntries(sheets.map(([title, range]) => [title, range.formulas]));
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function cellsOf(context, titles) {
  const sheets = context.workbook.worksheets.load("items/name");
  await context.sync();
  const used = sheets.items
    .filter((sheet) => titles.includes(sheet.name))
    .map((sheet) => [sheet, sheet.getUsedRangeOrNullObject(true).load("address")]);
  await context.sync();
  const whole = used
    .filter(([, range]) => !range.isNullObject)
    .map(([sheet, range]) => [
      sheet.name,
      sheet.getRange(`A1:${range.address.split(/[!:]/).pop()}`).load("formulas, values"),
    ]);
  await context.sync();
  return whole;
}

function statePart(context) {
  return context.workbook.customXmlParts.getByNamespace(addin.stateNamespace).getOnlyItemOrNullObject();
}

async function readState() {
  return Excel.run(async (context) => {
    const part = statePart(context).load("id");
    await context.sync();
    if (part.isNullObject) return null;
    const xml = part.getXml();
    await context.sync();
    return new DOMParser().parseFromString(xml.value, "application/xml").documentElement.textContent;
  });
}

async function keepState(context, text) {
  const xml = document.implementation.createDocument(addin.stateNamespace, "state");
  xml.documentElement.textContent = text;
  const serialised = new XMLSerializer().serializeToString(xml);
  const part = statePart(context).load("id");
  await context.sync();
  if (part.isNullObject) context.workbook.customXmlParts.add(serialised);
  else part.setXml(serialised);
  await context.sync();
}

// --- scripts ---------------------------------------------------------------------------------------------

let refreshed = "";
globalThis.xlwings.registerCallback(keepState);
globalThis.xlwings.registerCallback(function showRefreshed(context, sentence) {
  refreshed = sentence;
});
globalThis.xlwings.registerCallback(function showFigures(context, figures) {
  show(figures);
});

async function run(scriptName, args) {
  const meta = await globalThis.xwRequest.get(`${globalThis.config.appPath}/xlwings/custom-scripts-meta.json`);
  const include = meta.data.find((script) => script.function_name === scriptName).include;
  const formulas = await formulasOf(include.split(","));
  const { token, provider } = await globalThis.getAuth();
  const alert = byId("global-error-alert");
  alert.classList.add("d-none");
  await globalThis.xlwings.runPython({
    scriptName,
    include,
    args: [formulas, ...args],
    auth: token,
    headers: { "Auth-Provider": provider },
    errorDisplayMode: "taskpane",
  });
  return alert.classList.contains("d-none");
}

// Needed where the workbook calculates on request only.
const recalculate = () =>
  Excel.run(async (context) => {
    context.workbook.application.calculate("Recalculate");
    await context.sync();
  });

// One at a time: a press while something runs waits its turn.
let turn = Promise.resolve();
function inTurn(doing, work) {
  turn = turn.then(async () => {
    say(doing);
    for (const button of document.querySelectorAll(".buttons button")) button.setAttribute("aria-disabled", "true");
    try {
      say(await work());
    } catch (error) {
      console.error(error);
      say(`This did not work: ${error.message ?? error}`);
    } finally {
      for (const button of document.querySelectorAll(".buttons button")) button.removeAttribute("aria-disabled");
    }
  });
  return turn;
}

const say = (sentence) => (byId("status").textContent = sentence);
const failed = "This did not work; the reason stands above.";

const model = {
  check: () =>
    inTurn("Checking the workbook …", async () => ((await run("check", [])) ? "Checked." : failed)),
  refresh: () =>
    inTurn("Refreshing the workbook …", async () => {
      if (!(await run("refresh", [await readState()]))) return failed;
      await recalculate();
      return (await run("check", [])) ? refreshed : failed;
    }),
};
globalThis.model = model;

// --- the page --------------------------------------------------------------------------------------------

function show(figures) {
  byId("headline").textContent = figures.headline;
  byId("value").textContent = `HKD ${shown(figures.value)}`;
  byId("price").textContent = `HKD ${shown(figures.price)}`;
  byId("checks").textContent = figures.checks;
  byId("checks").className = figures.ok ? "good" : "bad";
  const scale = scaleOf([...figures.cases.flatMap((each) => [each.value, each.price])]);
  byId("cases").replaceChildren(
    ...figures.cases.map((each) =>
      row(each.label, bar(each.value, scale, each.price), [each.value, each.price], each.selected),
    ),
  );
  const partScale = scaleOf(figures.parts.map((each) => each.value));
  byId("parts").replaceChildren(
    ...figures.parts.map((each) => row(each.label, bar(each.value, partScale), [each.value], each.total)),
  );
  byId("findings").replaceChildren(...figures.findings.map(item));
  byId("findings-section").hidden = figures.findings.length === 0;
  for (const section of document.querySelectorAll(".figures")) section.hidden = false;
}

function scaleOf(values) {
  const numbers = values.filter((value) => typeof value === "number");
  const low = Math.min(0, ...numbers);
  return { low, span: Math.max(0, ...numbers) - low || 1 };
}

const share = (value, { low, span }) => `${(100 * (value - low)) / span}%`;

function bar(value, scale, price) {
  const track = document.createElement("div");
  track.className = "track";
  track.setAttribute("aria-hidden", "true");
  if (typeof value === "number") {
    const filled = track.appendChild(document.createElement("span"));
    filled.className = value < 0 ? "bar negative" : "bar";
    filled.style.left = share(Math.min(0, value), scale);
    filled.style.width = `${(100 * Math.abs(value)) / scale.span}%`;
  }
  if (typeof price === "number") {
    const tick = track.appendChild(document.createElement("span"));
    tick.className = "tick";
    tick.style.left = share(price, scale);
  }
  return track;
}

function row(label, chart, values, strong) {
  const line = document.createElement("tr");
  const head = line.appendChild(document.createElement("th"));
  head.scope = "row";
  head.textContent = label.replaceAll("_", " ");
  line.appendChild(document.createElement("td")).append(chart);
  for (const value of values) line.appendChild(document.createElement("td")).textContent = shown(value);
  line.classList.toggle("strong", Boolean(strong));
  return line;
}

function item(text) {
  const entry = document.createElement("li");
  entry.textContent = text;
  return entry;
}

// --- errors of cells -------------------------------------------------------------------------------------

const errors = new Map();
document.addEventListener("cell-answered", ({ detail: { name, address, message } }) => {
  const cell = `${address} ${name}`;
  const known = errors.get(cell);
  if (message === (known ?? "")) return;
  errors.delete(cell);
  if (message) errors.set(cell, message);
  const latest = [...errors].slice(-ERRORS_SHOWN).reverse();
  byId("errors").replaceChildren(...latest.map(([where, why]) => item(`${where}: ${why}`)));
  byId("errors-section").hidden = latest.length === 0;
});

// --- start -----------------------------------------------------------------------------------------------

document.title = byId("title").textContent;
for (const action of ["refresh", "check"]) byId(action).addEventListener("click", model[action]);
document.querySelector("#global-error-alert .btn-close").addEventListener("click", globalThis.xlwings.hideGlobalError);
document.querySelector("#global-status-alert .btn-close").addEventListener("click", globalThis.xlwings.hideGlobalStatus);
await Office.onReady();
await model.check();
