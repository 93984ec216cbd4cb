"""What a printed figure says, and how far the true one may lie from it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from registry.governance.printed import printed_votes


@pytest.mark.parametrize(
    ("text", "value", "margin"),
    [
        ("10.3m", "10300000", "50000"),
        ("10m", "10000000", "500000"),
        ("740.2k", "740200", "50"),
        ("400k", "400000", "500"),
        ("400k votes", "400000", "500"),
        ("22 million HBOT", "22000000", "500000"),
        ("1.25 Million", "1250000", "5000"),
        ("400,000", "400000", "0.5"),
        ("315126", "315126", "0.5"),
        ("1,234.56", "1234.56", "0.005"),
        (" 0 ", "0", "0.5"),
    ],
)
def test_the_margin_is_half_a_unit_of_the_last_digit(text: str, value: str, margin: str) -> None:
    votes = printed_votes(text)
    assert (votes.value, votes.margin) == (Decimal(value), Decimal(margin))


def test_no_printed_figure_is_exact() -> None:
    assert not printed_votes("400,000").is_exact
    assert printed_votes("400,000").reaches(Decimal(400_000)) is None


@pytest.mark.parametrize(
    "text", ["", "k", "-5", "1.2.3m", "40,00", "1,0000", "10 apples", "1e6", "٣m", "NaN", "5kk", "9" * 50]
)
def test_what_is_no_number_of_votes_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no number of votes") as refused:
        printed_votes(text)
    assert repr(text[:40]) in str(refused.value)


def test_figure_whose_rounding_touches_the_threshold_from_below_leaves_it_open() -> None:
    # 149.9 and 150 both become 0.1k where halves are rounded to even.
    assert printed_votes("0.1k").reaches(Decimal(150)) is None
    assert printed_votes("0.1k").reaches(Decimal("150.001")) is False
    assert printed_votes("0.1k").reaches(Decimal(50)) is True
