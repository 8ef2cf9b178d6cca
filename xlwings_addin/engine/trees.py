"""Formulas as trees, and trees as formulas.

A tree is what formualizer's parser gives, as nested mappings: `node_type` is Literal, Error, Reference,
Array, Function, BinaryOp, UnaryOp, Call or Omitted. `written` makes a formula of one that means the same,
with more brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from xlwings_addin.xlsx.values import ERROR_VALUES

__all__ = ["Node", "call", "changed", "plain_name", "tree_of", "written"]

Node = Mapping[str, Any]


@lru_cache(maxsize=20_000)
def tree_of(text: str) -> Node:
    """The parsed formula, written without its equals sign.

    Raises ValueError for a text that is no formula, and for one in which an error value and a text that reads
    like it cannot be told apart.
    """
    import formualizer

    try:
        tree: Node = formualizer.parse(f"={text}").to_dict()
    except (formualizer.ParserError, formualizer.TokenizerError) as error:
        raise ValueError(str(error)) from error
    if "#" not in text:
        return tree
    return changed(tree, lambda node: _told_apart(node, text))


def _told_apart(node: Node, text: str) -> Node:
    value = node.get("value")
    if node["node_type"] != "Literal" or value not in ERROR_VALUES:
        return node
    quoted = text.count(f'"{value}"')
    if not quoted:
        return {"node_type": "Error", "value": value}
    if quoted != text.count(str(value)):
        raise ValueError(f"{value} stands as an error value and as a text")
    return node


def plain_name(name: str) -> str:
    """The name of a function without what Excel writes before newer ones in a file.

    >>> plain_name("_xlfn._xlws.FILTER"), plain_name("sum")
    ('FILTER', 'SUM')
    """
    return name.upper().removeprefix("_XLFN.").removeprefix("_XLWS.")


def call(name: str, *arguments: Node) -> Node:
    """The tree of a call."""
    return {"node_type": "Function", "name": name, "args": list(arguments)}


def changed(node: Node, change: Callable[[Node], Node]) -> Node:
    """A tree with every node replaced by what `change` makes of it, inner ones first."""
    kind = node["node_type"]
    if kind == "Function":
        node = {**node, "args": [changed(argument, change) for argument in node["args"]]}
    elif kind == "BinaryOp":
        node = {**node, "left": changed(node["left"], change), "right": changed(node["right"], change)}
    elif kind == "UnaryOp":
        node = {**node, "operand": changed(node["operand"], change)}
    elif kind == "Array":
        node = {**node, "rows": [[changed(cell, change) for cell in row] for row in node["rows"]]}
    elif kind == "Call":
        node = {
            **node,
            "callee": changed(node["callee"], change),
            "args": [changed(argument, change) for argument in node["args"]],
        }
    return change(node)


def written(node: Node) -> str:
    """A tree as a formula without its equals sign.

    >>> written(tree_of('IF(-A1^2>=3%,"a""b",SUM((A1:A2,B1))&{1,2;3,TRUE})'))
    'IF((((-A1)^2)>=(3%)),"a""b",(SUM((A1:A2,B1))&{1,2;3,TRUE}))'
    """
    kind = node["node_type"]
    if kind == "Literal":
        return _literal(node["value"])
    if kind in ("Reference", "Error"):
        return str(node["reference"] if kind == "Reference" else node["value"])
    if kind == "Omitted":
        return ""
    if kind == "Array":
        return "{" + ";".join(",".join(map(written, row)) for row in node["rows"]) + "}"
    if kind == "Function":
        return f"{node['name']}({','.join(map(written, node['args']))})"
    if kind == "Call":
        return f"{written(node['callee'])}({','.join(map(written, node['args']))})"
    if kind == "BinaryOp":
        inner = written(node["left"]) + node["operator"] + written(node["right"])
        return inner if node["operator"] == ":" else f"({inner})"
    if node["operator"] in ("%", "#"):
        inner = written(node["operand"]) + node["operator"]
        return inner if node["operator"] == "#" else f"({inner})"
    return f"({node['operator']}{written(node['operand'])})"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value).upper()
