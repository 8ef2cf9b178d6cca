"""The notebook `valuation.ipynb`: the model from Python and pandas, with its tables and pictures.

    python -m examples.build_notebook

writes it executed, so that it reads without running it (extra `dev`).
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NOTEBOOK = Path(__file__).parent / "valuation.ipynb"

CELLS = (
    "# A valuation in a notebook\n\nThe model from Python: one case, all cases, and what follows from them.",
    "import xlwings_addin as xa\n\nbase = xa.value('base')\nbase",
    "Every line of the model is a row of a DataFrame, with its label and unit; years are columns.",
    "frame = base.to_frame()\n"
    "lines = ['deliveries', 'price', 'revenue', 'ebit_margin', 'fcff']\n"
    "frame.loc['vehicle_units'].loc[lines, ['label', 'unit', 2026, 2028, 2030, 2035]].round(3)",
    "The cases side by side, and what they weigh together.",
    "cases = xa.values()\ncases.to_frame()[['value_per_share', 'price', 'upside', 'probability']].round(3)",
    "round(cases.weighted_value, 2)",
    "Pictures are those of the report. They draw on axes of matplotlib and can be changed like any other.",
    "axes = base.plot()  # from the parts to the price",
    "axes = base.plot('ramp')",
    "What moves the value: every input at both ends of its range.",
    "swings = xa.tornado('base')\n"
    "swings.to_frame()[['key', 'low', 'high', 'at_low', 'at_high', 'swing']].head(6).round(3)",
    "What the price needs: vehicles, with plants that follow demand.",
    "xa.implied(base.sotp.price, solve='vehicle_deliveries', case='base').to_frame().T.head(3)",
    "Two inputs against each other.",
    "rates, growth = [0.11, 0.12, 0.13], [0.02, 0.025, 0.03]\n"
    "keys = ('vehicle_wacc', 'vehicle_terminal_growth')\n"
    "table = xa.sensitivity(*keys, values=rates, other_values=growth, case='base')\n"
    "table.to_frame().round(2)",
    "A change of inputs, split by driver with Shapley values: they sum to the change.",
    "from xlwings_addin.analytics.bridge import bridge\n\n"
    "other = base.inputs.replace(tax_rate=0.2, vehicle_wacc=0.125, holding_discount=0.05)\n"
    "moved = bridge(base.inputs, other)\n"
    "moved.to_frame().round(3)",
    "round(moved.change, 3)",
)
"""Texts and code by turns as they stand in the notebook; what begins with a capital letter or # is text."""


def notebook() -> NotebookNode:
    """The notebook before it is run."""
    made = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for number, source in enumerate(CELLS):
        is_text = source[0] == "#" or (source[0].isupper() and "=" not in source.splitlines()[0])
        cell = new_markdown_cell(source) if is_text else new_code_cell(source)
        cell["id"] = f"cell-{number}"
        made.cells.append(cell)
    return made


def executed() -> NotebookNode:
    """The notebook with what its cells give; without the time of the run."""
    made = notebook()
    NotebookClient(made, timeout=600, kernel_name="python3", resources={"metadata": {"path": "."}}).execute()
    for cell in made.cells:
        cell.metadata.pop("execution", None)
    made.metadata.get("language_info", {}).pop("version", None)
    return made


def main() -> None:
    """Write it."""
    nbformat.write(executed(), NOTEBOOK)


if __name__ == "__main__":
    main()
