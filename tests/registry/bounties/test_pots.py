"""What a pot holds, has promised and has paid."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from registry.choices import BountyState, BountyUnit
from registry.models import Bounty, Epoch, Exchange, Pot
from registry.services.bounties.pots import balance_of, of_withdrawn_pots, pot_balances, pots_of
from tests.registry.bounties.factories import make_bounty, make_changeset, make_pot

pytestmark = pytest.mark.django_db


@pytest.fixture
def epoch(db: None) -> Epoch:
    return Epoch.objects.create(number=6)


def test_pot_is_less_what_is_promised_and_what_is_paid(exchange: Exchange, epoch: Epoch) -> None:
    pot = make_pot(exchange, 400_000, epoch=epoch)
    promised = [BountyState.OPEN, BountyState.ASSIGNED, BountyState.SUBMITTED, BountyState.NEEDS_WORK]
    for state in [*promised, BountyState.MERGED]:
        make_bounty(exchange, pot=pot, state=state, amount=Decimal("10000.50"))
    make_bounty(exchange, pot=pot, state=BountyState.PAID, amount=Decimal(100_000))
    for state in (BountyState.POTENTIAL, BountyState.CLOSED):
        make_bounty(exchange, pot=pot, state=state, amount=Decimal(999_999))
    make_bounty(exchange, state=BountyState.OPEN)

    (balance,) = pots_of(exchange)

    assert balance.pot == pot
    assert balance.allocated == Decimal(400_000)
    assert balance.committed == Decimal("50002.50")
    assert balance.paid == Decimal(100_000)
    assert balance.balance == Decimal("249997.50")
    assert not balance.is_overspent
    assert balance.uncounted == ()


def test_pot_spent_to_the_last_is_not_overspent_and_one_unit_more_is(exchange: Exchange, epoch: Epoch) -> None:
    pot = make_pot(exchange, 100_000, epoch=epoch)
    make_bounty(exchange, pot=pot, amount=Decimal(100_000), state=BountyState.PAID)
    assert not pots_of(exchange)[0].is_overspent

    make_bounty(exchange, pot=pot, amount=Decimal("0.01"))

    assert pots_of(exchange)[0].is_overspent
    assert pots_of(exchange)[0].balance == Decimal("-0.01")


def test_bounty_in_another_unit_or_of_unknown_amount_is_named_and_not_counted(exchange: Exchange, epoch: Epoch) -> None:
    pot = make_pot(exchange, 100_000, epoch=epoch)
    dollars = make_bounty(exchange, pot=pot, unit=BountyUnit.USDC)
    unknown = make_bounty(exchange, pot=pot, amount=None)
    make_bounty(exchange, pot=pot, unit=BountyUnit.USDC, state=BountyState.CLOSED)

    (balance,) = pots_of(exchange)

    assert balance.balance == Decimal(100_000)
    assert set(balance.uncounted) == {dollars, unknown}


def test_pot_of_a_changeset_that_was_taken_back_is_gone_and_its_bounties_are_flagged(
    exchange: Exchange, epoch: Epoch
) -> None:
    changeset = make_changeset(epoch)
    pot = make_pot(exchange, 100_000, epoch=epoch, changeset=changeset)
    bounty = make_bounty(exchange, pot=pot)
    make_bounty(exchange)
    assert list(of_withdrawn_pots()) == []

    make_changeset(epoch, reverses=changeset)

    assert pots_of(exchange) == []
    assert pot_balances(epoch) == []
    assert list(of_withdrawn_pots()) == [bounty]


def test_pots_of_an_exchange_stand_newest_epoch_first_and_are_its_own(exchange: Exchange, epoch: Epoch) -> None:
    other = Exchange.objects.create(slug="other", name="Other")
    seventh = Epoch.objects.create(number=7)
    make_pot(other, 1, epoch=epoch)
    pots = [make_pot(exchange, 2, epoch=epoch), make_pot(exchange, 3, epoch=seventh)]

    assert [balance.pot for balance in pots_of(exchange)] == pots[::-1]


def test_balances_of_an_epoch_take_two_queries_for_any_number_of_pots(
    exchange: Exchange, epoch: Epoch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        venue = Exchange.objects.create(slug=f"venue-{number}", name=f"Venue {number}")
        pot = make_pot(venue, 1000 * number, epoch=epoch)
        make_bounty(venue, pot=pot, amount=Decimal(number))

    with django_assert_num_queries(2):
        balances = pot_balances(epoch)
        shown = [(str(b.pot.subject), str(b.pot.epoch), b.balance) for b in balances]

    assert shown == [(f"Venue {n}", "Epoch 6", Decimal(999 * n)) for n in (4, 3, 2, 1, 0)]


MONEY = st.decimals(min_value=0, max_value=10**9, places=2)


@given(st.lists(st.tuples(st.sampled_from(BountyState), MONEY)), MONEY)
def test_allocated_is_always_committed_and_paid_and_balance(
    bounties: list[tuple[BountyState, Decimal]], allocated: Decimal
) -> None:
    pot = Pot(pk=1, allocated=allocated, unit="HBOT")
    rows = [Bounty(state=state, amount=amount, unit="HBOT") for state, amount in bounties]
    pot._prefetched_objects_cache = {"bounties": rows}  # type: ignore[attr-defined]

    balance = balance_of(pot)

    assert balance.committed + balance.paid + balance.balance == allocated
    idle = {BountyState.POTENTIAL, BountyState.CLOSED}
    assert balance.committed + balance.paid == sum(amount for state, amount in bounties if state not in idle)


def test_bounty_may_be_paid_only_by_a_standing_pot_of_its_own_exchange(exchange: Exchange, epoch: Epoch) -> None:
    other = Exchange.objects.create(slug="other", name="Other")
    changeset = make_changeset(epoch)
    pot = make_pot(exchange, 100_000, epoch=epoch, changeset=changeset)
    make_bounty(exchange, pot=pot).full_clean()

    for bounty, field in [
        (make_bounty(other), "pot"),
        (make_bounty(exchange, unit=BountyUnit.USDC), "unit"),
        (make_bounty(None), "pot"),
    ]:
        bounty.pot = pot
        with pytest.raises(ValidationError) as refused:
            bounty.full_clean()
        assert list(refused.value.message_dict) == [field]

    make_changeset(epoch, reverses=changeset)
    late = make_bounty(exchange)
    late.pot = Pot.objects.get()
    with pytest.raises(ValidationError, match="taken back"):
        late.full_clean()
