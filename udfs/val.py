"""VAL: about the functions themselves."""

from __future__ import annotations

from udfs.registry import Text, udf

PACKAGE = "xiaomi-model"
NOT_INSTALLED = "not installed"


@udf
def VAL_VERSION() -> Text:
    """Version of the functions in use.

    Formula: the version of the package xiaomi-model

    Args: none

    Returns: a text, such as 0.1.0; "not installed" where the functions run from a source folder.

    Errors: none of its own.

    Source: Python Packaging User Guide, core metadata specification, field Version.

    Example:
        >>> VAL_VERSION()  # doctest: +ELLIPSIS
        '...'
    """
    # Imported here: it takes longer than the functions themselves.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return NOT_INSTALLED
