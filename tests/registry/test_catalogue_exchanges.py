"""What a file of an exchange may not say is refused with its line, its key and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.choices import ComponentKind
from registry.services.catalogue import read_catalogue
from tests.registry.test_catalogue_files import VOTE_ID, refusal, replace

ALL_KEYS = (
    "valid: bounties, chains, components, exchange_type, has_fee_share, key_creation_steps, lifecycle, links, "
    "maintainers, market_type, name, partnership, slug, supported_countries, supported_countries_url, tip"
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: Kraken", "nane: Kraken", ["name: missing", "nane: unknown key; did you mean 'name'?"]),
        ("name: Kraken", "name: 7", ["name: expected words on one line (120 characters at most), got the number 7"]),
        ("name: Kraken", "name:", ["name: expected words on one line (120 characters at most), got nothing"]),
        ("name: Kraken", "name: [Kraken]", ["name: expected words on one line (120 characters at most), got a list"]),
        (
            "slug: kraken",
            "slug: Kraken",
            ["slug: expected lower-case letters, digits and - (50 at most), got 'Kraken'"],
        ),
        ("slug: kraken", "slug: kucoin", ["slug: 'kucoin' in a file named kraken.yaml: the two must agree"]),
        (
            "slug: kraken",
            'slug: "kraken\\n"',
            ["slug: expected lower-case letters, digits and - (50 at most), got 'kraken\\n'"],
        ),
        ("exchange_type: cex", "exchange_type: cx", ["exchange_type: 'cx' is not valid; did you mean 'cex'?"]),
        ("exchange_type: cex", "exchange_type: bank", ["exchange_type: 'bank' is not valid; valid: cex, dex"]),
        (
            "maintainers: []",
            "maintainers: [{maintainer: humingbot-foundation, state: active}]",
            [
                "maintainers[0].maintainer: no maintainer 'humingbot-foundation' in maintainers.yaml; "
                "did you mean 'hummingbot-foundation'?"
            ],
        ),
        (
            "maintainers: []",
            "maintainers: [{maintainer: null, state: active}]",
            ["maintainers[0].maintainer: null goes with the state seeking, and with no other"],
        ),
        (
            "maintainers: []",
            "maintainers: [{maintainer: hummingbot-foundation, state: seeking}]",
            ["maintainers[0].maintainer: null goes with the state seeking, and with no other"],
        ),
        (
            "maintainers: []",
            "maintainers: [{maintainer: null, state: seeking}, {maintainer: null, state: seeking}]",
            ["maintainers[1].maintainer: 'null' stands twice"],
        ),
        (
            "maintainers: []",
            "maintainers: [{maintainer: hummingbot-foundation, state: active, since: 2024-02-01, "
            "last_confirmed: 2024-01-31}]",
            ["maintainers[0].last_confirmed: 2024-01-31 is before since, 2024-02-01"],
        ),
        (
            "maintainers: []",
            "maintainers: [{maintainer: hummingbot-foundation, state: active, since: 2024-02-31}]",
            ["maintainers[0].since: expected a date (YYYY-MM-DD), got '2024-02-31'"],
        ),
        (
            "maintainers: []",
            "lifecycle: {state: renamed}",
            ["lifecycle.renamed_to: missing: say which entry it goes on under"],
        ),
        (
            "maintainers: []",
            "lifecycle: {state: removed, renamed_to: kucoin}",
            ["lifecycle.renamed_to: belongs to the state renamed, and this is removed"],
        ),
        (
            "maintainers: []",
            "lifecycle: {state: renamed, renamed_to: kraken}",
            ["lifecycle.renamed_to: is this same exchange: name the entry it goes on under"],
        ),
        (
            "maintainers: []",
            "lifecycle: {state: renamed, renamed_to: kucoins}",
            ["lifecycle.renamed_to: no exchange 'kucoins' in the catalogue; did you mean 'kucoin'?"],
        ),
        (
            "maintainers: []",
            "lifecycle: {state: active, removed_in: 2.0.0}",
            ["lifecycle.removed_in: belongs to the states removed and renamed, and this is active"],
        ),
        (
            "maintainers: []",
            "lifecycle: {state: removed, removed_in: 2.x}",
            ["lifecycle.removed_in: expected a release such as 1.13.0, got '2.x'"],
        ),
        (
            "maintainers: []",
            "chains: [{chain: ethereum, network: mainnet}]",
            ["chains[0].network: unknown key; did you mean 'networks'?"],
        ),
        ("maintainers: []", "partnership: friend", ["partnership: 'friend' is not valid; valid: partner, sponsor"]),
        (
            "    connection_type: websocket",
            "    removed_in: 2.0.0",
            ["components[0].removed_in: belongs to the status removed, and this is available"],
        ),
        (
            "    connector_id: kraken\n",
            "    connector_id: kraken spot\n",
            ["components[0].connector_id: expected letters, digits and _ - / [ ] (80 at most), got 'kraken spot'"],
        ),
        (
            "    connection_type: websocket",
            "    connector_version: 2.1",
            ["components[0].connector_version: expected a version such as v2.1, got the number 2.1"],
        ),
        ("has_fee_share: true", "has_fee_share: 1", ["has_fee_share: expected true or false, got the number 1"]),
        ("  website:", "  web_site:", ["links.web_site: 'web_site' is not a valid key; did you mean 'website'?"]),
        (
            "https://www.kraken.com/\n",
            "www.kraken.com\n",
            ["links.website: expected an http or https address (500 characters at most), got 'www.kraken.com'"],
        ),
        ("key_creation_steps: []", "key_creation_steps: {}", ["key_creation_steps: expected a list, got a mapping"]),
        ("links:\n", "tiers: []\nlinks:\n", ["tiers: unknown key; did you mean 'bounties'?"]),
        (
            "status: available",
            "status: ok",
            [
                "components[0].status: 'ok' is not valid; valid: "
                "available, not_applicable, not_available, not_built, removed"
            ],
        ),
        (
            "order_types: [LIMIT,",
            "order_types: [LIMITS,",
            ["components[0].order_types[0]: 'LIMITS' is not valid; did you mean 'LIMIT'?"],
        ),
        ("[LIMIT, LIMIT_MAKER]", "[LIMIT, LIMIT]", ["components[0].order_types[1]: 'LIMIT' stands twice in the list"]),
        (
            "      mode: simulated",
            "      mod: simulated",
            [
                "components[0].paper_trading.mode: missing",
                "components[0].paper_trading.mod: unknown key; did you mean 'mode'?",
            ],
        ),
        (
            "    connector_id: kraken\n",
            "",
            ["components[0].connector_id: missing: a component that is available needs one"],
        ),
        (
            "    connection_type: websocket",
            "    intervals: [1m]",
            ["components[0].intervals: belongs to a candle feed only"],
        ),
        (
            "    connection_type: websocket",
            "    position_modes: [hedge]",
            ["components[0].position_modes: does not belong to a spot connector"],
        ),
        (
            "  - kind: spot_candles\n",
            "  - kind: spot_candles\n    order_types: [LIMIT]\n",
            ["components[2].order_types: does not belong to a candle feed"],
        ),
        ("  - kind: perp_candles", "  - kind: spot_candles", ["components[3].kind: 'spot_candles' stands twice"]),
        (
            "links:\n",
            "links: []\nold_links:\n",
            [
                "links: expected a mapping, got a list",
                "old_links: unknown key; did you mean 'links'?",
            ],
        ),
        ("name: Kraken", "1: Kraken", ["name: missing", "1: unknown key; " + ALL_KEYS]),
        (
            'tracker_id: "7052"\n    kind: bug_p3\n    sponsor: Foundation\n    amount: 30000\n    unit: HBOT\n'
            "    state: paid\n    issue_url: https://github.com/hummingbot/hummingbot/issues/7052",
            "tracker_id: HIP-35\n    kind: bug_p3\n    amount: 30000\n    unit: HBOT\n"
            "    state: paid\n    issue_url: https://github.com/hummingbot/hummingbot/issues/6751",
            ["bounties[1].tracker_id: 'HIP-35' stands twice for one issue"],
        ),
        ("amount: 600000", "amount: lots", ["bounties[0].amount: expected a number, got 'lots'"]),
        (
            "amount: 600000",
            "amount: -1",
            ["bounties[0].amount: expected zero or more with at most two decimals, got the number -1"],
        ),
        (
            "amount: 600000",
            "amount: .nan",
            ["bounties[0].amount: expected zero or more with at most two decimals, got the number NaN"],
        ),
        (
            "amount: 600000",
            "amount: 0.001",
            ["bounties[0].amount: expected zero or more with at most two decimals, got the number 0.001"],
        ),
        (
            'tracker_id: "7052"',
            "tracker_id: 7052",
            ["bounties[1].tracker_id: expected words on one line (20 characters at most), got the number 7052"],
        ),
        (
            "    title: Update Kraken connector",
            "    component: amm_connector",
            ["bounties[0].component: 'amm_connector' is not among the components of this exchange"],
        ),
        (
            "amount: 600000",
            f"amount: {5000 * '9'}",
            [f"bounties[0].amount: expected zero or more with at most two decimals, got the number {60 * '9'}…"],
        ),
        (
            "amount: 600000",
            f"amount: 0x{5000 * 'f'}",
            [f"bounties[0].amount: expected a number, got '0x{58 * 'f'}…'"],
        ),
        (
            f'proposal: "{VOTE_ID}"',
            f'proposal: "0x{"0" * 64}"',
            [f"bounties[0].proposal: no proposal 0x{'0' * 64} in proposals.yaml"],
        ),
    ],
)
def test_fault_in_an_exchange_names_file_line_key_and_reason(
    catalogue_copy: Path, old: str, new: str, said: list[str]
) -> None:
    replace(catalogue_copy / "exchanges" / "kraken.yaml", old, new)

    lines = refusal(catalogue_copy)

    assert sorted(line.partition(": ")[2] for line in lines) == sorted(said)
    assert {line.partition(":")[0] for line in lines} == {"exchanges/kraken.yaml"}


def test_fault_names_the_line_of_its_key(catalogue_copy: Path) -> None:
    path = catalogue_copy / "exchanges" / "kucoin.yaml"
    line = replace(path, "intervals: [1m, 3m", "intervals: [1m, 3min")
    missing = replace(path, "  - kind: perp_candles\n    status: available", "  - kind: perp_candles")

    assert refusal(catalogue_copy) == [
        f"exchanges/kucoin.yaml:{line}: components[2].intervals[1]: '3min' is not valid; did you mean '3m'?",
        f"exchanges/kucoin.yaml:{missing}: components[3].status: missing",
    ]


def test_every_component_kind_can_be_declared(catalogue_copy: Path) -> None:
    path = catalogue_copy / "exchanges" / "dex.yaml"
    rows = "".join(f"  - {{kind: {kind.value}, status: not_built}}\n" for kind in ComponentKind)
    path.write_text(f"slug: dex\nname: Dex\nexchange_type: dex\nmarket_type: amm\nmaintainers: []\ncomponents:\n{rows}")

    (dex,) = (entry for entry in read_catalogue(catalogue_copy).exchanges if entry.slug == "dex")
    assert [component.kind for component in dex.components] == list(ComponentKind)


def test_entry_may_go_on_under_one_that_only_polls_know(catalogue_copy: Path) -> None:
    replace(
        catalogue_copy / "exchanges" / "kraken.yaml", "maintainers: []", "lifecycle: {state: renamed, renamed_to: htx}"
    )

    assert {entry.lifecycle.renamed_to for entry in read_catalogue(catalogue_copy).exchanges} == {"htx", None}


def test_entries_that_go_on_under_each_other_are_refused(catalogue_copy: Path) -> None:
    lines = {}
    for slug, other, text in (("kraken", "kucoin", "maintainers: []"), ("kucoin", "kraken", "market_type: clob")):
        path = catalogue_copy / "exchanges" / f"{slug}.yaml"
        lines[slug] = replace(path, text, f"{text}\nlifecycle: {{state: renamed, renamed_to: {other}}}") + 1

    assert refusal(catalogue_copy) == [
        f"exchanges/{slug}.yaml:{line}: lifecycle.renamed_to: leads back to {slug}: "
        "one of them has to go on under its own name"
        for slug, line in lines.items()
    ]
