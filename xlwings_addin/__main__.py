"""`python -m xlwings_addin` is the command `xiaomi-model`."""

from xlwings_addin.cli import run

if __name__ == "__main__":
    run()
