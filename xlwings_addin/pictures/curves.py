"""Series over years: what was, what the model expects, and what others have done at the same age."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import ShapeError
from xlwings_addin.pictures.palette import Role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Curve:
    """One series: its label, a value for each year, and how it is drawn; reported figures have dots."""

    label: str
    years: tuple[int, ...]
    values: tuple[float, ...]
    role: Role
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True)
class Curves:
    """Series over years in one unit. `description` says in words what the picture says."""

    key: str
    title: str
    unit: str
    description: str
    curves: tuple[Curve, ...]

    def svg(self) -> str:
        """The picture as SVG, for a page or a file: the same bytes each time."""
        from xlwings_addin.pictures.svg import curves_svg

        return curves_svg(self)

    def plot(self, axes: Axes | None = None) -> Axes:
        """The picture on axes of matplotlib, new ones by default (extra `plots`)."""
        from xlwings_addin.pictures.axes import plot_curves

        return plot_curves(self, axes)

    def to_frame(self) -> pd.DataFrame:
        """One column for each series, one row for each year."""
        import pandas as pd

        columns = {curve.label: pd.Series(curve.values, index=curve.years) for curve in self.curves}
        return pd.DataFrame(columns).sort_index().rename_axis("year")


def ramp(
    curves: Iterable[Curve], *, unit: str, key: str = "ramp", title: str = "Vehicles delivered"
) -> Curves:
    """Deliveries year by year: the model's path, and beside it what was reported.

    Raises `ShapeError` for no series, for one without years, and where values and years differ in number or a
    value is not finite.

    >>> picture = ramp([Curve("Model", (2026, 2027), (0.6, 0.8), "value")], unit="m vehicles")
    >>> picture.description
    'Vehicles delivered, m vehicles: Model 0.60 in 2026 to 0.80 in 2027.'
    """
    series: Sequence[Curve] = tuple(curves)
    for curve in series:
        if len(curve.years) != len(curve.values) or not curve.years:
            rule = "must have a value for each of its years, and at least one"
            raise ShapeError(f"series {curve.label}", len(curve.values), rule)
        if not all(map(isfinite, curve.values)):
            raise ShapeError(f"series {curve.label}", curve.values, "must be finite")
    if not series:
        raise ShapeError("series", 0, "must be at least one")
    said = "; ".join(map(_ends, series))
    return Curves(key, title, unit, f"{title}, {unit}: {said}.", tuple(series))


def _ends(curve: Curve) -> str:
    first, last = f"{curve.values[0]:.2f} in {curve.years[0]}", f"{curve.values[-1]:.2f} in {curve.years[-1]}"
    return f"{curve.label} {first}" + (f" to {last}" if len(curve.years) > 1 else "")
