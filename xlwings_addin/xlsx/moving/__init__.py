"""Rows and columns inserted into a sheet or deleted from it; all that refers to cells follows.

book        `move`: the whole workbook, part by part
shift       where a row or column stands afterwards
references  cells and areas as a file writes them
formulas    the references in a formula
cells       cells and their formulas; shared formulas, arrays, data tables
grid        rows, and the cells of deleted columns
sheet       what a sheet says about its cells: areas, formats, validations, links, extensions
views       panes, selections, runs of columns
filters     filters and sort orders
tables      tables and their columns
pivots      pivot tables and their sources
comments    notes and form controls in VML
anchors     pictures, charts and controls
markup      XML that is edited in place
"""

from xlwings_addin.xlsx.moving.book import move, moved_parts
from xlwings_addin.xlsx.moving.shift import Axis

__all__ = ["Axis", "move", "moved_parts"]
