"""Who does many tasks: this thread, several threads, an executor, or the workers of a Dask scheduler."""
