"""What xlwings-server serves as scripts. Whatever stands here can be called."""

from xlwings_addin.hosts.server.scripts import check, implied, preview, refresh

__all__ = ["check", "implied", "preview", "refresh"]
