// What SheetJS reads of a workbook, as JSON: for every sheet its cells, each with its type and its value.
"use strict";
const XLSX = require("xlsx");

const workbook = XLSX.readFile(process.argv[2], { cellFormula: false, cellHTML: false, cellText: false });
const sheets = {};
for (const name of workbook.SheetNames) {
  sheets[name] = {};
  for (const [address, cell] of Object.entries(workbook.Sheets[name])) {
    if (!address.startsWith("!")) sheets[name][address] = [cell.t, cell.v];
  }
}
process.stdout.write(JSON.stringify({ version: XLSX.version, sheets }));
