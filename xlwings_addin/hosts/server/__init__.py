"""The functions and the refresh in Excel on Mac, web and Windows, through xlwings Server (extra `server`).

    serve       what is checked and set before the server starts
    app         what is served: the application of xlwings-server, within limits
    functions   the registry as custom functions
    scripts     refresh and check of the open workbook
    book        the open workbook, as the client of xlwings sends it
    figures     what the task pane shows
    help        the page that help links lead to
    pyodide     why an argument is read quickly
    project/    what xlwings-server finds by its path: functions, scripts, sign-in, the pages

xlwings-server is licensed under PolyForm Noncommercial, or by a key that its makers sell.
"""
