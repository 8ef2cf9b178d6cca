"""LibreOffice Calc: an extension with the functions and two commands, and what answers them.

extension.py   the extension file (.oxt), made from the registry
service.py     what the project answers: a function's value, a refresh, a check
inside/        what runs in LibreOffice's own Python: UNO on one side, `service` on the other
"""
