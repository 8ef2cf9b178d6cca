"""Who may call: whoever knows the secret key, which the manifest carries into the task pane."""

import hmac
import os

from fastapi import HTTPException
from xlwings_server.models import User

from xlwings_addin.hosts.server.serve import SECRET_KEY


async def validate_token(token: str) -> User:
    """The user behind a token. Raises `HTTPException` for one that is not the secret key."""
    if not hmac.compare_digest(token.encode(), os.environ[SECRET_KEY].encode()):
        raise HTTPException(401, "the key of this add-in is missing or wrong: install its manifest again")
    return User(id="shared key", name="shared key")
