"""What the tests share with those of the inputs."""

from tests.inputs.conftest import base, cases, folder, tables

__all__ = ["base", "cases", "folder", "tables"]
