"""The version of this project, which its parts and the build read from here."""

__version__ = "0.1.0"
