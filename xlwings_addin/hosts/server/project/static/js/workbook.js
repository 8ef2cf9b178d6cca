// The workbook beside the task pane, through Office.js: what is read of it for the scripts, the record that it
// keeps of the last refresh, and the few things that a press in the pane does to it.
const addin = JSON.parse(document.getElementById("addin").textContent);

// What a cell shows whose function has not answered yet, and the milliseconds to wait for it.
const BUSY = ["#BUSY!", "#GETTING_DATA"];
const PATIENCE = 30_000;

// The client of xlwings sends values; formulas and the record of the last refresh are sent as arguments.
export async function formulasOf(titles) {
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

// Whether the workbook has the sheets without which it is no model of ours.
export async function isModel() {
  return Excel.run(async (context) => {
    const sheets = context.workbook.worksheets.load("items/name");
    await context.sync();
    const titles = sheets.items.map((sheet) => sheet.name);
    return addin.modelSheets.every((names) => names.some((name) => titles.includes(name)));
  });
}

function statePart(context) {
  return context.workbook.customXmlParts.getByNamespace(addin.stateNamespace).getOnlyItemOrNullObject();
}

export async function readState() {
  return Excel.run(async (context) => {
    const part = statePart(context).load("id");
    await context.sync();
    if (part.isNullObject) return null;
    const xml = part.getXml();
    await context.sync();
    return new DOMParser().parseFromString(xml.value, "application/xml").documentElement.textContent;
  });
}

export async function keepState(context, text) {
  const xml = document.implementation.createDocument(addin.stateNamespace, "state");
  xml.documentElement.textContent = text;
  const serialised = new XMLSerializer().serializeToString(xml);
  const part = statePart(context).load("id");
  await context.sync();
  if (part.isNullObject) context.workbook.customXmlParts.add(serialised);
  else part.setXml(serialised);
  await context.sync();
}

// --- growth ----------------------------------------------------------------------------------------------

// Said before anything is changed: an action that fails later leaves those before it done.
export async function requireUnprotected(context, titles) {
  const sheets = titles.map((title) => context.workbook.worksheets.getItem(title).load("protection/protected"));
  await context.sync();
  const locked = titles.filter((title, number) => sheets[number].protection.protected);
  if (locked.length) throw new Error(`sheet ${locked[0]} is protected, so no rows or columns come in; nothing is changed`);
}

// Cells from one to another, with the sheet before them; a text in quotation marks is left alone.
const CELLS =
  /"(?:[^"]|"")*"|(?<![\w.:!$\]'])('(?:[^']|'')+'!|[\w.]+!)?(\$?[A-Z]{1,3})(\$?\d+):(\$?)([A-Z]{1,3})(\$?\d+)(?![\w(])/g;
const number = (text) => [...text.replace("$", "")].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0);
const letters = (column) =>
  column > 0 ? letters(Math.floor((column - 1) / 26)) + String.fromCharCode(65 + ((column - 1) % 26)) : "";
const sheetOf = (prefix) => prefix.slice(0, -1).replace(/^'|'$/g, "").replaceAll("''", "'");

// A formula on a sheet in which what spans the whole of a run reaches to its new end.
function longer(formula, title, runs) {
  return formula.replace(CELLS, (text, prefix, first, top, mark, last, bottom) => {
    if (first === undefined) return text;
    const sheet = (prefix === undefined ? title : sheetOf(prefix)).toLowerCase();
    const rows = [top, bottom].map((row) => Number(row.replace("$", "")));
    const run = runs.find(
      (one) =>
        one.sheet.toLowerCase() === sheet &&
        one.first === number(first) &&
        one.last === number(last) &&
        rows.every((row) => one.rows.includes(row)),
    );
    return run ? `${prefix ?? ""}${first}${top}:${mark}${letters(run.last + run.count)}${bottom}` : text;
  });
}

// Formulas of every sheet, names and series of charts that span all periods reach to the new ones; gives what
// stays as it is because Excel lets nobody change it.
export async function extendRuns(context, runs) {
  const sheets = context.workbook.worksheets.load("items/name");
  const names = context.workbook.names.load("items/name, items/formula");
  await context.sync();
  const used = sheets.items.map((sheet) => sheet.getUsedRangeOrNullObject(true).load("formulas"));
  await context.sync();
  const changes = names.items.map((name) => [`name ${name.name}`, name.formula, "", (text) => (name.formula = text)]);
  used.forEach((range, place) => {
    const title = sheets.items[place].name;
    const rows = range.isNullObject ? [] : range.formulas;
    rows.forEach((row, down) =>
      row.forEach((content, right) => {
        const put = (text) => (range.getCell(down, right).formulas = [[text]]);
        if (String(content).startsWith("=")) changes.push([`a formula on ${title}`, content, title, put]);
      }),
    );
  });
  changes.push(...(await seriesOf(context, sheets.items)));
  const stays = [];
  for (const [what, former, title, put] of changes) {
    const text = longer(`${former}`, title, runs);
    if (text === `${former}`) continue;
    try {
      put(text);
      await context.sync();
    } catch {
      stays.push(`${what} spans all periods and could not be made longer.`);
    }
  }
  return stays;
}

async function seriesOf(context, sheets) {
  if (!Office.context.requirements.isSetSupported("ExcelApi", "1.15")) return [];
  const charts = sheets.map((sheet) => sheet.charts.load("items/name"));
  await context.sync();
  const listed = charts.flatMap((of) => of.items).map((chart) => [chart.name, chart.series.load("items/name")]);
  await context.sync();
  const sources = [];
  for (const [chart, all] of listed) {
    for (const series of all.items) {
      for (const [kind, put] of [["Values", "setValues"], ["Categories", "setXAxisValues"]]) {
        const source = series.getDimensionDataSourceString(kind);
        try {
          await context.sync();
        } catch {
          continue; // figures that were typed into the chart itself
        }
        const show = (text) => series[put](rangeOf(context, text));
        sources.push([`chart ${chart}`, source.value, "", show]);
      }
    }
  }
  return sources;
}

function rangeOf(context, text) {
  const [prefix, address] = [text.slice(0, text.lastIndexOf("!") + 1), text.slice(text.lastIndexOf("!") + 1)];
  return context.workbook.worksheets.getItem(sheetOf(prefix)).getRange(address.replaceAll("$", ""));
}

// --- presses ---------------------------------------------------------------------------------------------

// Needed where the workbook calculates on request only.
export const recalculate = () =>
  Excel.run(async (context) => {
    context.workbook.application.calculate("Recalculate");
    await context.sync();
  });

export const goTo = ([title, address]) =>
  Excel.run(async (context) => {
    const sheet = context.workbook.worksheets.getItem(title);
    sheet.activate();
    sheet.getRange(address).select();
    await context.sync();
  });

export const type = ([title, address], value) =>
  Excel.run(async (context) => {
    context.workbook.worksheets.getItem(title).getRange(address).values = [[value]];
    await context.sync();
  });

// Puts a formula into the selected cell if that is empty; says what was done.
export const insert = (formula) =>
  Excel.run(async (context) => {
    const cell = context.workbook.getSelectedRange().getCell(0, 0).load("formulas, address");
    await context.sync();
    if (cell.formulas[0][0] !== "") return `${cell.address} is not empty: select an empty cell.`;
    cell.formulas = [[formula]];
    await context.sync();
    return `${cell.address} has ${formula}`;
  });
