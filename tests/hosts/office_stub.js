// A stand-in for Office.js, served in its place: as much of Excel as the client of xlwings and our task pane
// ask for, over a workbook whose cells live in the test (`officeBook`, `officeWrite`). What is asked for and
// not here is nothing: an empty collection, a null object, a method that returns itself.
"use strict";
(() => {
  const nothing = () =>
    new Proxy(function () {}, {
      get: (_, key) => {
        if (key === "then") return undefined;
        if (key === "isNullObject") return true;
        if (key === "items") return [];
        if (key === Symbol.toPrimitive) return () => "";
        return nothing();
      },
      set: () => true,
      apply: () => nothing(),
    });
  const orNothing = (object) =>
    new Proxy(object, {
      get: (target, key) => (key in target || key === "then" ? target[key] : nothing()),
    });
  const loadable = (object) => {
    const made = orNothing({ isNullObject: false, ...object, load: () => made });
    return made;
  };

  let sheets = [];
  let parts = [];
  let writes = [];
  let selected = ["", 0, 0];
  const locked = [];
  const charted = [];
  const toSheet = ({ name, values, formulas, formats }, position) => ({ name, position, values, formulas, formats });
  const letters = (column) => (column > 25 ? letters(Math.floor(column / 26) - 1) : "") + String.fromCharCode(65 + (column % 26));
  const columnOf = (text) => [...text].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1;

  function area(sheet, top, left, height, width) {
    const cells = (kind) =>
      Array.from({ length: height }, (_, row) =>
        Array.from({ length: width }, (_, column) => sheet[kind][top + row]?.[left + column] ?? ""),
      );
    const range = {
      isNullObject: false,
      rowCount: height,
      columnCount: width,
      address: `${sheet.name}!${letters(left)}${top + 1}:${letters(left + width - 1)}${top + height}`,
      load: () => range,
      get values() {
        return cells("values");
      },
      set values(rows) {
        rows.forEach((row, down) =>
          row.forEach((value, right) => writes.push([sheet.name, top + down + 1, left + right + 1, value])),
        );
      },
      get formulas() {
        return cells("formulas");
      },
      set formulas(rows) {
        range.values = rows;
      },
      insert: (direction) => {
        const [axis, at, count] = direction === "Down" ? ["rows", top, height] : ["columns", left, width];
        writes.push([sheet.name, axis, at + 1, count]);
        return range;
      },
      copyFrom: () => {},
      select: () => (selected = [sheet.name, top, left]),
      getCell: (row, column) => area(sheet, top + row, left + column, 1, 1),
      get numberFormat() {
        return cells("formats");
      },
    };
    return range;
  }

  const listOf = (items) => {
    const made = orNothing({ items, load: () => made });
    return made;
  };
  function* chartsOn(sheet) {
    for (const chart of charted.filter(({ on }) => on === sheet.name)) {
      const source = { name: "1", getDimensionDataSourceString: (kind) => ({ value: chart[kind] }) };
      const show = (kind) => (range) => (chart[kind] = range.address);
      const series = orNothing({ ...source, setValues: show("Values"), setXAxisValues: show("Categories") });
      yield loadable({ name: chart.name, series: listOf([series]) });
    }
  }

  const worksheet = (sheet) => ({
    name: sheet.name,
    position: sheet.position,
    visibility: "Visible",
    showGridlines: true,
    protection: { protected: locked.includes(sheet.name) },
    charts: listOf([...chartsOn(sheet)]),
    getUsedRangeOrNullObject: () =>
      sheet.values.length ? area(sheet, 0, 0, sheet.values.length, sheet.values[0].length) : nothing(),
    activate: () => {},
    getRange: (address) => {
      const [first, last] = address.split(":").map((cell) => {
        const [, column, row] = cell.match(/([A-Z]+)(\d+)/);
        return [Number(row) - 1, columnOf(column)];
      });
      const [bottom, right] = last ?? first;
      return area(sheet, ...first, bottom - first[0] + 1, right - first[1] + 1);
    },
    getRangeByIndexes: (...edges) => area(sheet, ...edges),
  });

  const worksheets = {
    load: () => orNothing(worksheets),
    get items() {
      return sheets.map((sheet) => loadable(worksheet(sheet)));
    },
    getActiveWorksheet: () => loadable(worksheet(sheets[0])),
    getItem: (name) => loadable(worksheet(sheets.find((sheet) => sheet.name === name))),
    getItemOrNullObject: (name) => {
      const found = sheets.find((sheet) => sheet.name === name);
      return found ? loadable(worksheet(found)) : nothing();
    },
    add: (name) => {
      sheets.push({ name, position: sheets.length, values: [], formulas: [], formats: [] });
      return loadable(worksheet(sheets.at(-1)));
    },
  };

  const customXmlParts = {
    getByNamespace: (namespace) => ({
      getOnlyItemOrNullObject: () => {
        const found = parts.find((part) => part.xml.includes(`"${namespace}"`));
        if (!found) return nothing();
        return loadable({ id: "1", getXml: () => ({ value: found.xml }), setXml: (xml) => (found.xml = xml) });
      },
    }),
    add: (xml) => parts.push({ xml }),
  };

  const workbook = loadable({
    name: "Book1.xlsx",
    worksheets: orNothing(worksheets),
    customXmlParts,
    application: loadable({ calculationMode: "Automatic" }),
    getSelectedRange: () => area(sheets.find((sheet) => sheet.name === selected[0]) ?? sheets[0], ...selected.slice(1), 1, 1),
  });

  class RequestContext {
    workbook = workbook;
    application = {
      cultureInfo: loadable({
        name: "en-US",
        datetimeFormat: loadable({ shortDatePattern: "m/d/yyyy" }),
      }),
    };
    async sync() {
      if (!writes.length) return;
      const sent = writes;
      writes = [];
      const written = await globalThis.officeWrite(sent);
      for (const after of written.sheets ?? []) {
        const before = sheets.find(({ name }) => name === after.name);
        Object.assign(before, after);
      }
      for (const [name, row, column, value, formula] of written.cells ?? []) {
        const sheet = sheets.find((each) => each.name === name);
        for (const [kind, content] of [["values", value], ["formulas", formula]]) {
          while (sheet[kind].length < row) sheet[kind].push([]);
          const line = sheet[kind][row - 1];
          while (line.length < column) line.push("");
          line[column - 1] = content;
        }
      }
    }
  }

  const associated = {};
  const actions = {};
  class CustomFunctionError extends Error {
    constructor(code, message) {
      super(message);
      this.code = code;
    }
  }
  const opened = globalThis.officeBook().then((book) => {
    sheets = book.sheets.map(toSheet);
    parts = book.parts.map((xml) => ({ xml }));
    return { host: "Excel", platform: "OfficeOnline" };
  });

  globalThis.Excel = {
    RequestContext,
    ShapeType: { image: "Image" },
    InsertShiftDirection: { down: "Down", right: "Right" },
    run: async (work) => work(new RequestContext()),
    CustomFunctionManager: {
      register: async (metadata, code) => (globalThis.registered = { metadata: JSON.parse(metadata), code }),
    },
  };
  globalThis.CustomFunctions = {
    associate: (id, call) => (associated[id] = call),
    Error: CustomFunctionError,
    ErrorCode: { invalidValue: "#VALUE!", notAvailable: "#N/A", invalidNumber: "#NUM!" },
  };
  globalThis.Office = orNothing({
    onReady: (then) => (then ? opened.then(then) : opened),
    actions: { associate: (id, call) => (actions[id] = call) },
    context: orNothing({
      officeTheme: { bodyBackgroundColor: globalThis.officeBackground },
      requirements: {
        isSetSupported: (set, version) => set !== "ExcelApi" || Number(version.split(".")[1]) <= 12 || version === "1.15",
      },
    }),
  });
  globalThis.stub = {
    associated,
    actions,
    show: (name, row, column, value) => {
      const { values } = sheets.find((sheet) => sheet.name === name);
      const before = values[row - 1][column - 1];
      values[row - 1][column - 1] = value;
      return before;
    },
    protect: (name) => locked.push(name),
    chart: (chart) => charted.push(chart),
    charted: () => charted,
    select: (...place) => (selected = place),
    selected: () => selected,
    stateOf: () => parts.map((part) => part.xml),
    async cell(id, args, invocation = {}) {
      try {
        return { result: await associated[id](...args, { address: "Sheet1!B2", functionName: id, ...invocation }) };
      } catch (error) {
        return { code: error.code, message: error.message };
      }
    },
  };
})();
