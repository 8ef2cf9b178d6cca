"""The add-in's tab: its buttons, declared once for the ribbon's XML and for the VBA behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

NAMESPACE: Final = "http://schemas.microsoft.com/office/2009/07/customui"
TAB: Final = "Valuation"
MODULE: Final = "XiaomiModel"
"""The VBA module that the buttons call."""


@dataclass(frozen=True)
class Button:
    """A button: the VBA procedure it runs, how it looks, and what it says when pointed at.

    `action` is the function of `buttons` that the procedure calls; without one VBA does all of it.
    """

    procedure: str
    label: str
    image: str
    screentip: str
    supertip: str
    large: bool = False
    action: str = ""

    @property
    def callback(self) -> str:
        """The procedure that Excel calls, with the control as its argument."""
        return f"On{self.procedure}"


GROUPS: Final = {
    "Model": (
        Button(
            *("RefreshModel", "Refresh model", "RefreshAll", "New facts into this workbook"),
            "Updates every input that nobody has changed, keeps what you have changed, formulas too, "
            "and lists both on the sheet Changes.",
            large=True,
            action="refresh",
        ),
        Button(
            *("PreviewRefresh", "Preview refresh", "FilePrintPreview", "What a refresh would do"),
            "Says which inputs a refresh would update, what of yours it would keep and what a share would be "
            "worth. Writes nothing.",
            action="preview",
        ),
        Button(
            *("CheckModel", "Check model", "ReviewAcceptChange", "Compare this workbook with the core"),
            "Compares every line that Excel has calculated with the same line computed in Python.",
            large=True,
            action="check",
        ),
    ),
    "Functions": (
        Button(
            *(
                "InsertFunctionList",
                "Insert function list",
                "FunctionWizard",
                "A sheet that lists the functions",
            ),
            "Adds a sheet with every function, its arguments, an example and its source.",
            action="insert_function_list",
        ),
        Button(
            *("ShowLog", "Log", "ViewDraftView", "Open the log file"),
            "Why a function or a button failed, with the time and the cell.",
            action="show_log",
        ),
        Button(
            *("ShowAbout", "About", "Info", "Versions in use"),
            "Version of the add-in and of the Python functions, and the last failure to reach Python.",
        ),
    ),
}

BUTTONS: Final = tuple(button for group in GROUPS.values() for button in group)


def ribbon_xml() -> bytes:
    """The ribbon's XML, [MS-CUSTOMUI2] with the namespace of Office 2010 and later."""
    groups = "".join(
        f"<group id={quoteattr(f'{MODULE}{label}')} label={quoteattr(label)}>"
        + "".join(map(_button_xml, buttons))
        + "</group>"
        for label, buttons in GROUPS.items()
    )
    tab = f"<tab id={quoteattr(f'{MODULE}Tab')} label={quoteattr(TAB)}>{groups}</tab>"
    root = f'<customUI xmlns="{NAMESPACE}"><ribbon><tabs>{tab}</tabs></ribbon></customUI>'
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{root}\n'.encode()


def _button_xml(button: Button) -> str:
    attributes = {
        "id": f"{MODULE}{button.procedure}",
        "label": button.label,
        "size": "large" if button.large else "normal",
        "imageMso": button.image,
        "screentip": button.screentip,
        "supertip": button.supertip,
        "onAction": f"{MODULE}.{button.callback}",
    }
    return f"<button {' '.join(f'{name}={quoteattr(value)}' for name, value in attributes.items())}/>"
