from xlwings_addin.cli import run

if __name__ == "__main__":
    run()
