"""The programs whose cells call our functions, one package each."""
