"""What a font says, in the order in which Microsoft's Open XML SDK reads it."""

from __future__ import annotations

from typing import Final

from lxml import etree

ORDER: Final = (
    "b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign",
    "sz", "color", "name", "family", "charset", "scheme",
)  # fmt: skip
"""The children of a font: ISO/IEC 29500-1, 18.8.22 (CT_Font) allows any order, the SDK's schema this one."""


def order_fonts(styles: etree._Element) -> None:
    """Put the children of every font of a styles part, those of conditional formats too, into that order.

    >>> styles = etree.fromstring("<fonts><font><name/><b/><other/><sz/></font></fonts>")
    >>> order_fonts(styles)
    >>> [child.tag for child in styles[0]]
    ['b', 'sz', 'name', 'other']
    """
    for font in styles.iter("{*}font"):
        font[:] = sorted(font, key=_place)


def _place(child: etree._Element) -> int:
    name = etree.QName(child).localname if isinstance(child.tag, str) else ""
    return ORDER.index(name) if name in ORDER else len(ORDER)
