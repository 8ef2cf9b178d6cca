// The task pane. Its figures are those of the open workbook: the script `check` reads them from its cells.
import * as page from "./page.js";
import * as workbook from "./workbook.js";

const addin = JSON.parse(document.getElementById("addin").textContent);
const byId = (id) => document.getElementById(id);

// --- scripts ---------------------------------------------------------------------------------------------

let refreshed = "";
let selector = null;
let stays = [];
const registered = {
  requireUnprotected: workbook.requireUnprotected,
  extendRuns: async (context, runs) => (stays = await workbook.extendRuns(context, runs)),
  keepState: workbook.keepState,
  showRefreshed: (context, sentence) => {
    refreshed = [sentence, ...stays].join("\n");
    stays = [];
  },
  showFigures: (context, figures) => {
    ({ selector } = figures);
    page.showModelButtons();
    page.showFigures(figures, { onCell, onCase });
  },
  showPreview: (context, preview) => page.showPreview(preview, onCell),
  showImplied: (context, implied) => page.showImplied(implied),
};
for (const callback of Object.values(registered)) globalThis.xlwings.registerCallback(callback);

async function run(scriptName, args) {
  const meta = await globalThis.xwRequest.get(`${globalThis.config.appPath}/xlwings/custom-scripts-meta.json`);
  const include = meta.data.find((script) => script.function_name === scriptName).include;
  const formulas = await workbook.formulasOf(include.split(","));
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

// One at a time: a press while something runs waits its turn.
let turn = Promise.resolve();
function inTurn(doing, work) {
  turn = turn.then(async () => {
    page.say(doing);
    for (const button of document.querySelectorAll(".buttons button")) button.setAttribute("aria-disabled", "true");
    try {
      page.say(await work());
    } catch (error) {
      console.error(error);
      page.say(`This did not work: ${error.message ?? error}`);
    } finally {
      for (const button of document.querySelectorAll(".buttons button")) button.removeAttribute("aria-disabled");
    }
  });
  return turn;
}

const failed = "This did not work; the reason stands above.";

const model = {
  check: () => inTurn("Checking the workbook …", async () => ((await run("check", [])) ? "Checked." : failed)),
  preview: () =>
    inTurn("Looking what a refresh would do …", async () =>
      (await run("preview", [await workbook.readState()])) ? "Looked; nothing is written." : failed,
    ),
  refresh: () =>
    inTurn("Refreshing the workbook …", async () => {
      if (!(await run("refresh", [await workbook.readState()]))) return failed;
      page.hidePreview();
      await workbook.recalculate();
      return (await run("check", [])) ? refreshed : failed;
    }),
};
globalThis.model = model;

// --- presses ---------------------------------------------------------------------------------------------

const onCell = (cell) =>
  inTurn(`Going to ${cell.join("!")} …`, async () => {
    await workbook.goTo(cell);
    return `${cell.join("!")} is selected.`;
  });

const onCase = (name) =>
  inTurn(`Selecting ${name} …`, async () => {
    await workbook.type(selector, name);
    await workbook.recalculate();
    return (await run("check", [])) ? `${name} is selected and checked.` : failed;
  });

function ask(event) {
  event.preventDefault();
  const field = byId("implied-price");
  const price = field.valueAsNumber;
  const wrong = !(price > 0);
  byId("implied-error").textContent = wrong ? "The price must be a number above 0." : "";
  field.setAttribute("aria-invalid", wrong);
  if (wrong) {
    field.focus();
    return Promise.resolve();
  }
  return inTurn("Asking what the price needs …", async () => ((await run("implied", [price])) ? "Answered." : failed));
}

// --- start -----------------------------------------------------------------------------------------------

// Light or dark as Office is, where it says so; else as the system is.
function followTheme(theme) {
  const [, ...channels] = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(`${theme?.bodyBackgroundColor ?? ""}`) ?? [];
  if (!channels.length) return;
  const [red, green, blue] = channels.map((channel) => Number.parseInt(channel, 16));
  document.documentElement.dataset.theme = 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
}

document.title = byId("title").textContent;
for (const action of Object.keys(model)) byId(action).addEventListener("click", model[action]);
byId("implied").addEventListener("submit", ask);
page.listFunctions(addin.functions, (formula) => inTurn("Inserting …", () => workbook.insert(formula)));
document.addEventListener("cell-answered", ({ detail }) => page.tellError(detail));
document.querySelector("#global-error-alert .btn-close").addEventListener("click", globalThis.xlwings.hideGlobalError);
document.querySelector("#global-status-alert .btn-close").addEventListener("click", globalThis.xlwings.hideGlobalStatus);
await Office.onReady();
followTheme(Office.context.officeTheme);
if (await workbook.isModel()) await model.check();
else page.showFunctionsOnly();
