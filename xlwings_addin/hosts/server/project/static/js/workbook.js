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
