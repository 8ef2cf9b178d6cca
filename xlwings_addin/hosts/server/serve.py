"""What is checked and set before the server starts.

xlwings-server takes its settings from environment variables; those that the user has set are kept, but for
what makes this add-in what it is.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from xlwings_addin.core.errors import InputError
from xlwings_addin.hosts.host import NAMESPACE
from xlwings_addin.hosts.server.pyodide import rule_out_pyodide
from xlwings_addin.inputs.run_file import FOLDER as RUN_FILES

Environment = Literal["dev", "prod"]

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
LICENSE_KEY, SECRET_KEY, HELP_PAGE = "XLWINGS_LICENSE_KEY", "XLWINGS_SECRET_KEY", "XIAOMI_MODEL_HELP_PAGE"
SHORTEST_SECRET: Final = 32
MEGABYTE: Final = 1_000_000
SERVED: Final = "XIAOMI_MODEL_SERVED"
MOST_CONNECTIONS: Final = 512
"""Of one worker; a request over more of them is answered with 503."""
GRACE_SECONDS: Final = 10
LICENCE: Final = (
    "xlwings Server is not MIT: it may be used under PolyForm Noncommercial (key: noncommercial) or with a "
    "key bought at https://www.xlwings.org"
)

FRAMES: Final = (
    "https://*.officeapps.live.com https://*.office.com https://*.office365.com https://*.microsoft365.com "
    "https://*.cloud.microsoft https://*.sharepoint.com https://*.live.com https://teams.microsoft.com"
)
"""The pages that Excel on the web stands in."""
CONTENT: Final = (
    "default-src 'self'; script-src 'self' https://appsforoffice.microsoft.com https://ajax.aspnetcdn.com; "
    "style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    f"frame-ancestors 'self' {FRAMES}"
)
UNUSED: Final = ("ALPINEJS_CSP", "BOOTSTRAP", "EXAMPLES", "HOTRELOAD", "HTMX", "SOCKETIO")
SETTINGS: Final[Mapping[str, object]] = {
    "PROJECT_DIR": str(Path(__file__).parent / "project"),
    "PROJECT_NAME": "Valuation",
    "FUNCTIONS_NAMESPACE": NAMESPACE,
    "MANIFEST_ID_DEV": "5f1c1a43-7f0d-4b3d-9a86-5a9f2f6d1810",
    "MANIFEST_ID_PROD": "b0a6e7c2-2f39-4b52-8e57-0d6c3a4e1810",
    "CUSTOM_FUNCTIONS_RETRY_CODES": [502, 503, 504],
    "LOG_LEVEL": "WARNING",
    "CUSTOM_HEADERS": {"Content-Security-Policy": CONTENT},
    **{f"ENABLE_{feature}": False for feature in UNUSED},
}
"""The settings of xlwings-server that make it this add-in, by their names without XLWINGS_."""


@dataclass(frozen=True)
class Served:
    """What every worker reads from the environment, where the secret key stands apart."""

    environment: Environment
    hosts: list[str]
    public: str
    max_bytes: int
    token: str = field(repr=False)
    """What the task pane carries in development."""
    source: str | None = None
    """What a refresh takes new facts from."""

    def to_environment(self) -> None:
        """For the workers that are about to start."""
        os.environ[SERVED] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> Served:
        """What the process that started this worker has left for it."""
        return cls(**json.loads(os.environ[SERVED]))


def serve(
    *,
    host: str,
    port: int,
    environment: Environment,
    hostname: str | None = None,
    license_key: str | None = None,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    max_megabytes: int,
    workers: int = 1,
    source: str | None = None,
) -> None:
    """Run the server until it is stopped; `source` is what a refresh takes new facts from.

    Told to stop, it lets requests end for `GRACE_SECONDS`. Raises `InputError` for what it cannot start with.
    """
    if find_spec("xlwings_server") is None:
        rule = "is not installed; it comes with the extra: pip install 'xiaomi-model[server]'"
        raise InputError("package", "xlwings-server", rule)
    _check_access(host, environment, os.environ.get(SECRET_KEY, ""))
    rule_out_pyodide()
    print(f"xiaomi-model: {LICENCE}; this key: {_license(license_key)}", file=sys.stderr)
    public = hostname or f"{host}:{port}"
    os.environ.setdefault(RUN_FILES, str(Path.cwd()))  # a cell of another machine reads no other file
    _set(environment, public, scheme="http" if environment == "dev" and certificate is None else "https")
    Served(
        environment=environment,
        hosts=[*LOOPBACK, host, public.rpartition(":")[0] or public],
        public=public,
        max_bytes=max_megabytes * MEGABYTE,
        token=secrets.token_urlsafe(32) if environment == "dev" else "",
        source=source,
    ).to_environment()
    _run(host=host, port=port, workers=workers, ssl_certfile=certificate, ssl_keyfile=certificate_key)


def _run(**options: Any) -> None:
    """uvicorn, with the limits that it has of its own and those of our protocol."""
    import uvicorn

    from xlwings_addin.hosts.server.protocol import BoundedProtocol

    loop = "bounded_loop" if options["workers"] == 1 else "bounded_loop_of_worker"
    uvicorn.run(
        "xlwings_addin.hosts.server.app:create",
        factory=True,
        loop=f"xlwings_addin.hosts.server.protocol:{loop}",
        http=BoundedProtocol,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        access_log=False,
        server_header=False,
        log_level="info",
        **options,
    )


def _check_access(host: str, environment: Environment, secret: str) -> None:
    """Development stays on this machine; outside it callers have to know a secret. Raises `InputError`."""
    if environment == "dev" and host not in LOOPBACK:
        raise InputError("host", host, f"must be one of {', '.join(LOOPBACK)} in development")
    if environment != "dev" and len(secret) < SHORTEST_SECRET:
        length = f"of {len(secret)} characters" if secret else "(none)"
        rule = f"must have at least {SHORTEST_SECRET} characters outside development: callers have to know it"
        raise InputError(SECRET_KEY, "", rule, display=length)


def _license(key: str | None) -> str:
    """What kind of licence the key is. Raises `InputError` for none, or one that xlwings does not take."""
    if key:
        os.environ[LICENSE_KEY] = key
    import xlwings

    try:
        from xlwings.pro.utils import LicenseHandler

        return str(LicenseHandler.validate_license("pro").get("license_type", "paid"))
    except xlwings.LicenseError as error:
        rule = f"must be given with --license-key or {LICENSE_KEY}: {LICENCE}. xlwings says: {error}"
        raise InputError("licence key", key, rule, display="(none)" if not key else "(not taken)") from error


def _set(environment: Environment, public: str, *, scheme: str) -> None:
    settings: dict[str, object] = {**SETTINGS, "ENVIRONMENT": environment}
    if environment != "dev":
        settings |= {"HOSTNAME": public, "AUTH_PROVIDERS": ["custom"]}
    for name, value in settings.items():
        os.environ[f"XLWINGS_{name}"] = value if isinstance(value, str) else json.dumps(value)
    os.environ[HELP_PAGE] = f"{scheme}://{public}/functions.html"
