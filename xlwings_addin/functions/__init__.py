"""The registry of spreadsheet functions and its boundary; the functions' bodies are in `udfs/`.

Importing this package fills `registry.REGISTRY`.
"""

from xlwings_addin.functions import bodies

bodies.load()
