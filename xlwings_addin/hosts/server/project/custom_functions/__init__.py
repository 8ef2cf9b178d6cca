"""What xlwings-server serves as functions: all of the registry."""

import os

from xlwings_addin.hosts.server.functions import custom_functions
from xlwings_addin.hosts.server.serve import HELP_PAGE

globals().update(custom_functions(os.environ[HELP_PAGE]))
