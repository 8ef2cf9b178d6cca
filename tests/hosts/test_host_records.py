"""What stands once about a host is enough for everything that asks for it."""

from __future__ import annotations

import pytest

from xlwings_addin.functions import rules
from xlwings_addin.functions.registry import PREFIXES, REGISTRY, spelling
from xlwings_addin.hosts import HOSTS, Host
from xlwings_addin.hosts.host import NAMESPACE


def test_there_is_a_record_for_every_spelling() -> None:
    assert [host.name for host in HOSTS] == list(PREFIXES)
    assert len({host.label for host in HOSTS}) == len(HOSTS) == 4


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_every_function_fits_into_the_names_a_host_takes(host: Host) -> None:
    assert host.longest_name >= rules.MAXIMUM_NAME
    longest = max(REGISTRY, key=len)
    assert spelling(longest, host.name) == host.prefix + longest
    assert len(host.prefix + longest) <= host.longest_name


def test_the_namespace_is_in_every_prefix_but_that_of_plain_names() -> None:
    assert [host.name for host in HOSTS if NAMESPACE not in host.prefix] == ["desktop", "lite"]


def test_what_runs_through_office_js_recalculates_after_the_refresh() -> None:
    assert [host.name for host in HOSTS if not host.recalculates] == ["office-js", "lite"]
