"""Names and policies of the catalogue: what would leave open whom a name stands for is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import CatalogueRefused
from registry.models import Alias, Exchange, Policy, Subject
from registry.services.catalogue import load_catalogue, read_catalogue
from registry.services.catalogue.names import Spelling, clashes, spellings_of
from tests.registry.test_catalogue_files import refusal, replace

KRAKEN = (
    "    slug: kraken\n    name: Kraken\n    exchange_type: cex\n    aliases:\n      - {name: Kraken, from_epoch: 3}\n"
)


def line_of(path: Path, text: str) -> int:
    return path.read_text(encoding="utf-8").partition(text)[0].count("\n") + 1


def test_shipped_names_are_read() -> None:
    subjects = read_catalogue().subjects

    polled = [entry.kind.value for entry in subjects if any(alias.from_epoch for alias in entry.aliases)]
    assert {kind: polled.count(kind) for kind in ("exchange", "chain", "strategy")} == {
        "exchange": 74,
        "chain": 15,
        "strategy": 12,
    }
    (htx,) = (entry for entry in subjects if entry.slug == "htx")
    assert [(alias.name, alias.from_epoch, alias.to_epoch) for alias in htx.aliases] == [
        ("Huobi", 3, 8),
        ("HTX", 9, None),
    ]


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            "      - {name: HTX, from_epoch: 9}",
            "      - {name: HTX, from_epoch: 9}\n      - {name: Kra-ken, from_epoch: 4}",
            "      - {name: Kraken, from_epoch: 3}",
            "subjects[{kraken}].aliases[0]: 'Kraken' would stand for both htx and kraken in epoch 4: "
            "part their periods, or drop one",
        ),
        (
            "{name: Huobi, from_epoch: 3, to_epoch: 8}",
            "{name: Huobi, from_epoch: 3, to_epoch: 2}",
            "{name: Huobi, from_epoch: 3, to_epoch: 2}",
            "subjects[{htx}].aliases[0].to_epoch: epoch 2 is before from_epoch, 3",
        ),
        (
            "{name: HTX, from_epoch: 9}",
            "{name: HTX, from_epoch: -1}",
            "{name: HTX, from_epoch: -1}",
            "subjects[{htx}].aliases[1].from_epoch: expected the number of an epoch (0 to 32767), got the number -1",
        ),
        (
            "{name: HTX, from_epoch: 9}",
            "{name: HTX, since: 9}",
            "{name: HTX, since: 9}",
            "subjects[{htx}].aliases[1].since: unknown key; did you mean 'source'?",
        ),
        (
            "{name: HTX, from_epoch: 9}",
            "{name: Huobi, from_epoch: 3}",
            "{name: Huobi, from_epoch: 3}",
            "subjects[{htx}].aliases[1]: 'Huobi' from epoch 3 stands twice",
        ),
        (
            "{name: HTX, from_epoch: 9}",
            "{name: '--', from_epoch: 9}",
            "{name: '--', from_epoch: 9}",
            "subjects[{htx}].aliases[1].name: '--' has no letter and no digit to be known by",
        ),
        (
            "    slug: htx\n",
            "    slug: hydration\n",
            "    slug: hydration\n    name: Hydration\n",
            "subjects[{hydration}].slug: exchange 'hydration' stands twice",
        ),
        (
            "    name: KuCoin\n",
            "    name: Kucoin\n",
            "    name: Kucoin\n",
            "subjects[{kucoin}].name: 'Kucoin', but exchanges/kucoin.yaml says 'KuCoin': the two must agree",
        ),
        (
            KRAKEN,
            KRAKEN.replace("cex", "dex"),
            "    exchange_type: dex\n    aliases:\n      - {name: Kraken, from_epoch: 3}",
            "subjects[{kraken}].exchange_type: exchanges/kraken.yaml says 'cex': the two must agree",
        ),
        (
            "    name: HTX\n    exchange_type: cex\n",
            "    name: HTX\n",
            "  - kind: exchange\n    slug: htx\n",
            "subjects[{htx}].exchange_type: missing: an exchange without a file of its own needs it",
        ),
        (
            "    name: Tezos\n",
            "    name: Tezos\n    exchange_type: dex\n",
            "    exchange_type: dex\n    aliases:\n      - {name: Tezos",
            "subjects[{tezos}].exchange_type: belongs to an exchange only, and this is a chain",
        ),
    ],
)
def test_fault_in_the_names_is_told_with_its_line(catalogue_copy: Path, old: str, new: str, at: str, said: str) -> None:
    path = catalogue_copy / "subjects.yaml"
    places = {entry.slug: place for place, entry in enumerate(read_catalogue(catalogue_copy).subjects)}
    replace(path, old, new)

    line = line_of(path, at)

    assert f"subjects.yaml:{line}: {said.format(**places)}" in refusal(catalogue_copy)


def test_name_may_stand_for_another_once_its_period_is_over() -> None:
    huobi = Spelling("exchange", "htx", "Huobi", 3, 8)

    assert list(clashes([huobi, Spelling("exchange", "other", "huobi", 9, None)])) == []
    assert list(clashes([huobi, Spelling("chain", "other", "Huobi", 3, None)])) == []
    assert [place for place, _ in clashes([huobi, Spelling("exchange", "other", "HUOBI", 8, None)])] == [1]
    assert [place for place, _ in clashes([huobi, Spelling("exchange", "other", "Huobi", 0, 3)])] == [1]
    assert list(clashes(spellings_of(read_catalogue().subjects))) == []


def test_catalogue_without_names_and_policies_is_legal(catalogue_copy: Path, db: None) -> None:
    (catalogue_copy / "subjects.yaml").unlink()
    for policy in (catalogue_copy / "policies").iterdir():
        policy.unlink()

    load_catalogue(catalogue_copy)

    assert sorted(Exchange.objects.values_list("slug", flat=True)) == ["kraken", "kucoin"]
    assert list(Alias.objects.order_by("key").values_list("name", "from_epoch", "to_epoch")) == [
        ("Kraken", 0, None),
        ("KuCoin", 0, None),
    ]


def test_exchange_of_the_polls_is_known_by_name_and_type_alone(catalogue_copy: Path, db: None) -> None:
    load_catalogue(catalogue_copy)

    okx = Exchange.objects.get(slug="okx")
    assert (okx.name, okx.exchange_type, okx.market_type, okx.components.count()) == ("OKX", "cex", "", 0)
    assert {"OKX", "OKX Perpetual"} <= set(okx.subject.aliases.values_list("name", flat=True))
    assert Subject.objects.get(kind="chain", slug="injective").exchange is None
    kucoin = Subject.objects.get(kind="exchange", slug="kucoin")
    assert (kucoin.name, kucoin.exchange.components.count()) == ("KuCoin", 4)


def test_changed_name_is_written_and_named(catalogue_copy: Path, db: None) -> None:
    load_catalogue(catalogue_copy)
    path = catalogue_copy / "subjects.yaml"
    replace(path, "    name: HTX\n", "    name: HTX (Huobi)\n")
    replace(path, "to_epoch: 8}", "to_epoch: 9}")

    assert load_catalogue(catalogue_copy).changes == [
        "changed htx: name 'HTX' to 'HTX (Huobi)'",
        "changed subject exchange htx: name 'HTX' to 'HTX (Huobi)'",
        "changed alias Huobi of exchange htx: to_epoch 8 to 9",
    ]
    assert load_catalogue(catalogue_copy).changes == []


def test_spelling_that_was_added_here_and_stands_against_the_files_is_refused(catalogue_copy: Path, db: None) -> None:
    load_catalogue(catalogue_copy)
    okx = Subject.objects.get(kind="exchange", slug="okx")
    okx.aliases.create(name="Huobi", key="huobi", from_epoch=8)
    replace(catalogue_copy / "subjects.yaml", "    name: HTX\n", "    name: HTX (Huobi)\n")

    with pytest.raises(CatalogueRefused, match="'Huobi' would stand for both htx and okx in epoch 8"):
        load_catalogue(catalogue_copy)

    assert Exchange.objects.get(slug="htx").name == "HTX"  # nothing of it was loaded


def test_policies_are_loaded_once_and_never_changed(catalogue_copy: Path, db: None) -> None:
    load_catalogue(catalogue_copy)
    assert [str(policy) for policy in Policy.objects.order_by("from_epoch")] == [
        "quarterly-polls v1",
        "weighted-polls v1",
        "hgp-45 v1",
        "hgp-50 v1",
        "hgp-50-clob v1",
        "hgp-70 v1",
        "hgp-77 v1",
    ]
    before = list(Policy.objects.order_by("pk").values())
    path = catalogue_copy / "policies" / "hgp-45.v1.yaml"
    replace(path, "200000", "150000")

    with pytest.raises(CatalogueRefused) as refused:
        load_catalogue(catalogue_copy)

    assert str(refused.value) == (
        f"{path}: hgp-45 v1 was loaded before and reads differently now; what may have decided an epoch never changes: "
        "restore it, and publish the new rules as version 2"
    )
    assert list(Policy.objects.order_by("pk").values()) == before


def test_policy_that_left_its_file_stays(catalogue_copy: Path, db: None) -> None:
    load_catalogue(catalogue_copy)
    (catalogue_copy / "policies" / "hgp-77.v1.yaml").unlink()

    assert load_catalogue(catalogue_copy).left_alone == ["policy hgp-77 v1: in no file"]
    assert Policy.objects.filter(slug="hgp-77").exists()


def test_policy_with_a_fault_refuses_the_catalogue(catalogue_copy: Path) -> None:
    replace(catalogue_copy / "policies" / "hgp-45.v1.yaml", "version: 1", "versoin: 1")

    assert any(line.startswith("policies/hgp-45.v1.yaml") and "versoin" in line for line in refusal(catalogue_copy))
