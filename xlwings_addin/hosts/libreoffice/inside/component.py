"""The UNO components: the functions as Calc calls them, and the commands of the menu.

The project's Python is looked for when the first function is called or a command is given. Without it every
function that gives a figure is #NAME?, as if there were no such function; those that give words, VAL_VERSION
for one, say what is wrong, and so do the commands and the log in LibreOffice's user profile.
"""

from __future__ import annotations

import json
import struct
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Optional, Sequence, Tuple

import uno
import unohelper
from com.sun.star.awt.MessageBoxButtons import BUTTONS_OK
from com.sun.star.awt.MessageBoxType import ERRORBOX, INFOBOX
from com.sun.star.document import XUndoAction
from com.sun.star.frame import DispatchResultEvent, XDispatchProvider, XNotifyingDispatch
from com.sun.star.frame.DispatchResultState import FAILURE, SUCCESS
from com.sun.star.lang import XInitialization, XServiceInfo
from xiaomi.model import XFunctions
from xiaomi_model_calc.environment import MissingEnvironmentError, connect
from xiaomi_model_calc.explain import calls_of
from xiaomi_model_calc.workbook import CODES, Workbook

SETTINGS = json.loads(Path(__file__).with_name("settings.json").read_text(encoding="utf-8"))


class Project:
    """The project's service, connected to once; that it is missing is remembered until a command is given."""

    service: Any = None
    missing: Optional[MissingEnvironmentError] = None

    @classmethod
    def connected(cls) -> Any:
        """The service. Raises `MissingEnvironmentError`."""
        if cls.missing is not None:
            raise cls.missing
        if cls.service is None:
            cls.service = connect(SETTINGS["python"])
        return cls.service

    @classmethod
    def is_missing(cls, error: MissingEnvironmentError, context: Any) -> None:
        """Remember it, and log it the first time."""
        if cls.missing is not error:
            cls.service, cls.missing = None, error
            log(context, str(error))


def log(context: Any, text: str) -> None:
    """Add a line to the log in LibreOffice's profile of the user."""
    places = context.ServiceManager.createInstanceWithContext("com.sun.star.util.PathSubstitution", context)
    folder = uno.fileUrlToSystemPath(places.getSubstituteVariableValue("$(user)"))
    with Path(folder, "xiaomi-model.log").open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now().isoformat(timespec='seconds')} {text}\n")


class Component(unohelper.Base, XServiceInfo):
    """What UNO asks of every component; the service of each of ours is called as its implementation is."""

    NAME = ""

    def __init__(self, context: Any) -> None:
        self.context = context

    def getImplementationName(self) -> str:  # noqa: N802
        return self.NAME

    def supportsService(self, name: str) -> bool:  # noqa: N802
        return name == self.NAME

    def getSupportedServiceNames(self) -> Tuple[str, ...]:  # noqa: N802
        return (self.NAME,)


class Functions(Component, XFunctions):
    """The functions, a method each."""

    NAME = SETTINGS["component"]


def method(name: str, answers_with: str) -> Callable[..., Any]:
    """A function as Calc calls it; `answers_with` is "array", "text" or "number"."""

    def called(self: Functions, *arguments: Any) -> Any:
        try:
            result = answer(name, arguments)
        except MissingEnvironmentError as error:
            Project.is_missing(error, self.context)
            result = str(error) if answers_with == "text" else "#NAME?"
        if answers_with != "array":
            return in_cell(result)
        rows = result if isinstance(result, list) else [[result]]
        return tuple(tuple(map(in_cell, row)) for row in rows)

    return called


def answer(name: str, arguments: Sequence[Any]) -> Any:
    """What the project answers a call with; one whose argument is a cell itself asks about its error."""
    service = Project.connected()
    if arguments and hasattr(arguments[0], "getRangeAddress"):
        return service.explain(name, *calls_of(arguments[0], SETTINGS["functions"], SETTINGS["prefix"]))
    return service.call(name, arguments)


def in_cell(value: Any) -> Any:
    """A value of a result as UNO carries it: an error value is a NaN with its code in the low 32 bits."""
    if value in CODES:
        return struct.unpack("<d", struct.pack("<II", CODES[value], 0x7FF80000))[0]
    return value


for _name, _answers_with in SETTINGS["functions"].items():
    setattr(Functions, _name, method(_name, _answers_with))


class Commands(Component, XInitialization, XDispatchProvider, XNotifyingDispatch):
    """Refresh, preview and check of the workbook in a window; one with something else in it has none."""

    NAME = SETTINGS["handler"]

    def initialize(self, arguments: Sequence[Any]) -> None:
        self.frame = arguments[0]

    def queryDispatch(self, url: Any, target: str, flags: int) -> Any:  # noqa: N802
        controller = self.frame.getController()
        is_calc = controller is not None and controller.getModel().supportsService(SETTINGS["documents"])
        return self if is_calc and url.Path in SETTINGS["commands"] else None

    def queryDispatches(self, requests: Sequence[Any]) -> Tuple[Any, ...]:  # noqa: N802
        return tuple(
            self.queryDispatch(request.FeatureURL, request.FrameName, request.SearchFlags)
            for request in requests
        )

    def addStatusListener(self, listener: Any, url: Any) -> None:  # noqa: N802
        """Nothing to tell: all commands are there as long as the window is."""

    def removeStatusListener(self, listener: Any, url: Any) -> None:  # noqa: N802
        """Nothing was told."""

    def dispatch(self, url: Any, arguments: Any) -> None:
        self.carry_out(url.Path)

    def dispatchWithNotification(self, url: Any, arguments: Any, listener: Any) -> None:  # noqa: N802
        done, text = self.carry_out(url.Path)
        if listener is not None:
            listener.dispatchFinished(DispatchResultEvent(self, SUCCESS if done else FAILURE, text))

    def carry_out(self, command: str) -> Tuple[bool, str]:
        """Whether a command was carried out, and what came of it in words, which a visible window shows."""
        title = SETTINGS["commands"][command]
        workbook = Workbook(self.frame.getController().getModel(), self.frame.createStatusIndicator(), Step)
        Project.missing = None
        try:
            service = Project.connected()
            with workbook.one_undo_step(title):
                done, text = True, service.run(command, workbook)
        except MissingEnvironmentError as error:
            Project.is_missing(error, self.context)
            done, text = False, f"Nothing was changed: {error}"
        except Exception as error:
            log(self.context, f"{title}: {error}")
            done, text = False, f"Nothing was changed: {error}"
        window = self.frame.getContainerWindow()
        if window.isVisible():
            kind = INFOBOX if done else ERRORBOX
            window.getToolkit().createMessageBox(window, kind, BUTTONS_OK, title, text).execute()
        return done, text


class Step(unohelper.Base, XUndoAction):
    """A step of Undo that is ours."""

    def __init__(self, title: str, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        self.Title, self.undo, self.redo = title, undo, redo


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 - LibreOffice looks for this name
for _component in (Functions, Commands):
    g_ImplementationHelper.addImplementation(_component, _component.NAME, (_component.NAME,))
