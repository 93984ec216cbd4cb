"""Which faults there are, which exchange can have which, and what the wrong use of one says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import UsageError
from connectors.sandbox import CATALOGUE, SANDBOXES, KrakenSandbox
from connectors.sandbox.faults import Faults

if TYPE_CHECKING:
    from tests.connectors.sandbox.wire import Rest


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("bad_cheksum", {}, "no fault 'bad_cheksum': did you mean bad_checksum"),
        ("drop", {"afters": 1}, "no parameter 'afters': did you mean after_s"),
        ("drop", {"after_s": "soon"}, "after_s takes a float, not 'soon'"),
        ("drop", {"again": 1}, "again takes a bool, not 1"),
        ("bad_checksum", {"every": 0}, "every starts at 1, not 0"),
        ("wide_spread", {"percent": -1}, "percent starts at 0, not -1"),
        ("http_5xx", {"status": 200}, "status starts at 500, not 200"),
        ("clock_skew", {"seconds": float("nan")}, "seconds is a number between ±1e.09, not nan"),
        ("clock_skew", {"seconds": 1e12}, "seconds is a number between ±1e.09, not 1000000000000.0"),
        ("maintenance", {"mode": "post_onyl"}, "mode cannot be 'post_onyl': did you mean post_only"),
    ],
)
def test_wrong_use_names_the_nearest_right_one(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Faults().switch_on(name, **given)


def test_clear_switches_everything_off() -> None:
    faults = Faults()
    for name in CATALOGUE:
        faults.switch_on(name)
    assert all(fault["on"] for fault in faults.describe())
    faults.clear()
    assert not any(fault["on"] for fault in faults.describe())


@pytest.mark.parametrize("exchange", SANDBOXES)
def test_faults_that_an_exchange_cannot_have_are_of_the_catalogue_and_say_why(exchange: str) -> None:
    left_out = SANDBOXES[exchange].faults_left_out
    assert set(left_out) <= set(CATALOGUE)
    assert all(left_out.values())


def test_fault_of_another_exchange_is_refused_with_the_reason() -> None:
    faults, other = KrakenSandbox().faults, "sequence_gap"
    refusal = "kraken has no fault 'sequence_gap': it numbers no update; "
    with pytest.raises(UsageError, match=refusal):
        faults.switch_on(other)
    with pytest.raises(UsageError, match=refusal):
        faults.switch_off(other)
    assert [fault["name"] for fault in faults.describe()] == list(KrakenSandbox.fault_names())
    assert other not in KrakenSandbox.fault_names()
    assert "bad_checksum" in KrakenSandbox.fault_names()


async def test_control_endpoint_refuses_it_with_the_reason(rest: Rest) -> None:
    answer = await rest.client.put("/_sandbox/faults/wrong_passphrase")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("kraken has no fault 'wrong_passphrase': its keys have no passphrase; ")


def test_every_fault_is_switched_on_in_the_tests_of_some_exchange() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    switched_on = set(re.findall(r'\(\s*"(\w+)"', tests))
    assert set(CATALOGUE) - switched_on == set()
