"""Where a line stands: keys to cells, and how the cells look."""
