"""Policy documents: what ships, what is refused and in which words, and what a what-if may change."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from registry.choices import PollGroup, Voting
from registry.governance.policy import (
    POLICIES_DIR,
    PolicyRefused,
    parse_policy,
    policy_for_epoch,
    read_policies,
    with_changes,
)
from tests.registry.governance.polls import TIERS, policy

SHIPPED = {str(document): document for document in read_policies()}


def refusal(changes: dict[str, Any], *, without: str = "") -> str:
    document = {**copy.deepcopy(TIERS), **changes}
    document.pop(without, None)
    with pytest.raises(PolicyRefused) as refused:
        parse_policy(document)
    return str(refused.value)


def test_every_regime_of_the_record_ships_as_a_policy() -> None:
    assert [(str(document), document.from_epoch, document.to_epoch) for document in read_policies()] == [
        ("quarterly-polls v1", 3, 3),
        ("weighted-polls v1", 4, 5),
        ("hgp-45 v1", 6, 6),
        ("hgp-50 v1", 7, 9),
        ("hgp-50-clob v1", 10, 11),
        ("hgp-70 v1", 12, 13),
        ("hgp-77 v1", 14, None),
    ]


def test_thresholds_quorums_and_money_are_those_of_the_rules() -> None:
    facts = {
        name: (
            document.eligibility and document.eligibility.min_votes,
            document.quorum and document.quorum.votes,
            [(band.label.value, *band.ranks, band.allocation) for _, band in document.bands_of(PollGroup.DEX)],
            document.pool and (document.pool.amount, document.pool.top, document.pool.cap),
        )
        for name, document in SHIPPED.items()
    }
    no_money = [("gold", 1, 1, None), ("silver", 2, 4, None), ("bronze", 5, None, None)]
    budgets = [("gold", 1, 1, "400000"), ("silver", 2, 4, "100000"), ("bronze", 5, None, None)]
    assert facts == {
        "quarterly-polls v1": ("100000", None, no_money, None),
        "weighted-polls v1": ("100000", None, no_money, None),
        "hgp-45 v1": ("200000", None, budgets, None),
        "hgp-50 v1": ("200000", "50000000", [], ("1000000", 4, "800000")),
        "hgp-50-clob v1": ("200000", "50000000", [], ("1000000", 4, "800000")),
        "hgp-70 v1": ("400000", "50000000", [], ("1000000", None, None)),
        "hgp-77 v1": (None, None, [], None),
    }


def test_kinds_of_voting_and_days_are_those_of_the_rules() -> None:
    facts = {name: (document.to_builtins()["voting"], document.days) for name, document in SHIPPED.items()}
    one_token_one_vote = ["weighted", "single-choice"]
    assert facts == {
        "quarterly-polls v1": (["quadratic"], 7),
        "weighted-polls v1": (["weighted"], 7),
        "hgp-45 v1": (["weighted"], 7),
        "hgp-50 v1": (one_token_one_vote, 14),
        "hgp-50-clob v1": (one_token_one_vote, 14),
        "hgp-70 v1": (one_token_one_vote, 14),
        "hgp-77 v1": (["basic", "single-choice"], 3),
    }


def test_ranks_count_everyone_and_ties_wait_in_every_ranked_policy() -> None:
    ranked = [document for document in SHIPPED.values() if document.bands or document.pool]
    assert {(document.rank_among, document.tie, len(document.order)) for document in ranked} == {
        ("all", "needs_decision", 1)
    }
    limits = SHIPPED["hgp-70 v1"].to_builtins()["slots"]
    assert (limits["limit"], [(rule["choices"], rule["drop_lowest_next"]) for rule in limits["rules"]]) == (
        20,
        [(20, 2), (19, 1)],
    )
    assert [name for name, document in SHIPPED.items() if document.slots] == ["hgp-70 v1"]


def test_strategies_have_bands_of_their_own() -> None:
    bands = SHIPPED["weighted-polls v1"].bands_of(PollGroup.STRATEGY)
    assert [(band.label.value, *band.ranks) for _, band in bands] == [("core", 1, 3), ("community", 4, None)]


def test_the_present_rules_pass_by_more_than_half_and_five_million() -> None:
    document = SHIPPED["hgp-77 v1"]
    assert document.to_builtins()["passing"] == {"over_percent": "50", "quorum_votes": "5000000"}
    assert document.to_builtins()["in_force_from"] == "2026-01-02"


def test_every_shipped_policy_names_its_sources_by_commit() -> None:
    for document in SHIPPED.values():
        assert all(source.startswith("hummingbot/hummingbot-site@") and ".md" in source for source in document.sources)


@pytest.mark.parametrize("name", SHIPPED)
def test_plain_values_lead_back_to_the_same_policy(name: str) -> None:
    document = SHIPPED[name]
    plain = document.to_builtins()
    assert parse_policy(json.loads(json.dumps(plain))) == document
    assert parse_policy(json.dumps(plain).encode()).sha256 == document.sha256

    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in leaves(item)]
        return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]

    assert json.loads(json.dumps(plain)) == plain
    assert {type(leaf) for leaf in leaves(plain)} <= {str, int, type(None)}


def test_the_hash_tells_any_two_policies_apart_and_knows_no_order_of_keys() -> None:
    assert len({document.sha256 for document in SHIPPED.values()}) == len(SHIPPED)
    assert parse_policy(dict(reversed(TIERS.items()))).sha256 == policy().sha256


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (2, "None"),
        (3, "quarterly-polls v1"),
        (5, "weighted-polls v1"),
        (9, "hgp-50 v1"),
        (13, "hgp-70 v1"),
        (14, "hgp-77 v1"),
        (99, "hgp-77 v1"),
    ],
)
def test_each_epoch_has_its_policy(number: int, name: str) -> None:
    assert str(policy_for_epoch(SHIPPED.values(), number)) == name


def test_a_later_regime_and_a_later_version_take_over_from_an_open_ended_one() -> None:
    first, second, next_regime = policy(), policy(version=2), policy(slug="next", from_epoch=5)
    assert policy_for_epoch([second, next_regime, first], 4) == second
    assert policy_for_epoch([first, next_regime, second], 5) == next_regime


def test_what_was_replaced_does_not_come_back_where_its_successor_ends() -> None:
    first, second = policy(), policy(version=2, to_epoch=6)
    short = policy(slug="short", from_epoch=3, to_epoch=4)
    assert policy_for_epoch([first, second], 7) is None
    assert policy_for_epoch([first, short], 5) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"elegibility": None}, "elegibility: unknown key; did you mean 'eligibility'?"),
        ({"eligibility": {"min_votes": "1", "otherwise": "leaves", "op": ">="}}, "eligibility.op: unknown key"),
        ({"tie": "coin"}, "tie: 'coin' is not valid; valid: needs_decision"),
        ({"rank_among": "elligible"}, "rank_among: 'elligible' is not valid; did you mean 'eligible'?"),
        ({"groups": ["cex", "cexx"]}, "groups[1]: 'cexx' is not valid; did you mean 'cex'?"),
        (
            {"eligibility": {"min_votes": 100.5, "otherwise": "leaves"}},
            "eligibility.min_votes: expected votes in quotes",
        ),
        (
            {"eligibility": {"min_votes": "1e5", "otherwise": "leaves"}},
            "eligibility.min_votes: expected votes in quotes",
        ),
        ({"eligibility": {"min_votes": "100\n", "otherwise": "leaves"}}, "eligibility.min_votes: expected votes"),
        ({"eligibility": {"min_votes": "100.0", "otherwise": "leaves"}}, "eligibility.min_votes: expected votes"),
        ({"bands": [{"label": "gold", "ranks": [1]}]}, "bands[0].ranks: expected the first and the last rank"),
        ({"bands": [{"label": "gold", "ranks": [0, 1]}]}, "bands[0].ranks: expected the first and the last rank"),
        ({"days": True}, "days: expected a whole number from 1"),
        ({"to_epoch": 0}, "to_epoch: expected a whole number from 1"),
        ({"from_epoch": 5, "to_epoch": 4}, "to_epoch: lies before from_epoch (5)"),
        ({"sources": []}, "sources: is empty; name at least one"),
        ({"tie": None}, "tie: is missing; ranked polls need it"),
        ({"order": []}, "order: write the one order there is"),
        ({"groups": ["proposal"]}, "groups: proposal is no ranked poll"),
        ({"passing": {"over_percent": "50", "quorum_votes": None}}, "passing: is a rule for single_proposals"),
        (
            {"bands": [{"label": "gold", "ranks": [2, 2]}]},
            "bands[0].ranks: cex: begins at 2, the band before it ends at 0",
        ),
        ({"bands": [{"label": "gold", "ranks": [3, 1]}]}, "bands[0].ranks: ends before it begins; write [1, 3]?"),
        ({"bands": [{"label": "core", "ranks": [1, None]}]}, "bands[0].label: core is no label of cex"),
        ({"bands": [{"label": "gold", "ranks": [1, None], "groups": ["amm"]}]}, "amm is not among the policy's groups"),
        (
            {"bands": [{"label": "gold", "ranks": [1, None]}, {"label": "silver", "ranks": [2, 4]}]},
            "bands[1].ranks: cex: the band before it has no end",
        ),
        (
            {"bands": [{"label": "gold", "ranks": [1, 1]}, {"label": "gold", "ranks": [2, 2]}]},
            "bands[1].label: cex: gold stands twice",
        ),
        (
            {"pool": {"amount": "5", "top": None, "cap": "6", "share": "pro_rata"}},
            "pool.cap: is more than the pool itself",
        ),
        (
            {
                "pool": {"amount": "5", "top": None, "cap": None, "share": "pro_rata"},
                "bands": [{"label": "gold", "ranks": [1, None], "allocation": "7"}],
            },
            "bands[0].allocation: money comes from the pool or from the bands, not both",
        ),
        (
            {"slots": {"limit": 20, "rules": [{"choices": 21, "drop_lowest_next": 1}]}},
            "slots.rules[0].choices: is over the limit of 20",
        ),
        (
            {"slots": {"limit": 20, "rules": [{"choices": 2, "drop_lowest_next": 2}]}},
            "slots.rules[0].drop_lowest_next: would drop all of 2 choices",
        ),
        ({"sources": ["a"] * 51}, "sources: has 51 entries; 50 are the most"),
        ({"kind": "single_proposals"}, "passing: is missing; single proposals need it"),
        ({"kind": "single_proposals"}, "bands: is a rule for ranked_polls; remove it"),
    ],
)
def test_a_document_that_breaks_the_vocabulary_is_refused_with_key_and_remedy(
    changes: dict[str, Any], words: str
) -> None:
    assert words in refusal(changes)


def test_a_missing_key_is_named() -> None:
    assert refusal({}, without="groups") == "policy: groups: missing"


def test_a_file_is_refused_with_its_name_and_line(tmp_path: Path) -> None:
    text = (POLICIES_DIR / "hgp-45.v1.yaml").read_text(encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), start=1) if row.startswith("tie:"))
    (tmp_path / "hgp-45.v1.yaml").write_text(text.replace("tie: needs_decision", "tie: by_age"), encoding="utf-8")
    with pytest.raises(PolicyRefused) as refused:
        read_policies(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}/hgp-45.v1.yaml:{line}: tie: 'by_age' is not valid; valid: needs_decision"
    )


def test_every_faulty_file_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.v1.yaml").write_text("slug: [", encoding="utf-8")
    (tmp_path / "b.v1.yaml").write_bytes(b"\xff")
    (tmp_path / "c.v2.yaml").write_text(json.dumps(TIERS), encoding="utf-8")
    (tmp_path / "d.v1.yaml").mkdir()
    with pytest.raises(PolicyRefused) as refused:
        read_policies(tmp_path)
    a, b, c, d = str(refused.value).replace(f"{tmp_path}/", "").splitlines()
    assert a.startswith("a.v1.yaml:1: not YAML")
    assert b == "b.v1.yaml: not UTF-8; save it so"
    assert c == "c.v2.yaml: slug: the document says it is made-up v1; name the file made-up.v1.yaml"
    assert d.startswith("d.v1.yaml: cannot be read")


def test_two_regimes_that_begin_together_are_refused(tmp_path: Path) -> None:
    for slug in ("one", "two"):
        (tmp_path / f"{slug}.v1.yaml").write_text(json.dumps({**TIERS, "slug": slug}), encoding="utf-8")
    with pytest.raises(PolicyRefused, match="epoch 1 begins one v1 too; let one begin later"):
        read_policies(tmp_path)


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match="no policy in the folder"):
        read_policies(tmp_path)
    with pytest.raises(PolicyRefused, match="there is no such folder"):
        read_policies(tmp_path / "absent")


def test_a_what_if_changes_what_is_given_and_nothing_else() -> None:
    before = SHIPPED["hgp-50 v1"]
    after = with_changes(before, min_votes=Decimal("150000.50"), top=None, cap=500_000, voting=[Voting.QUADRATIC])
    changed = {key for key, value in before.to_builtins().items() if after.to_builtins()[key] != value}
    assert changed == {"title", "eligibility", "pool", "voting"}
    assert (after.threshold, after.to_builtins()["pool"]) == (
        Decimal("150000.5"),
        {"amount": "1000000", "top": None, "cap": "500000", "share": "pro_rata"},
    )
    assert after.title == (
        "Connector pots instead of tiers (epochs 7 to 9, HGP-50), "
        "with min_votes 150000.5, top none, cap 500000, voting changed"
    )


def test_a_what_if_can_lift_the_threshold_and_bring_bands() -> None:
    after = with_changes(SHIPPED["hgp-50 v1"], min_votes=None, bands=[{"label": "gold", "ranks": [1, None]}])
    assert after.threshold is None
    assert after.has_tiers


def test_a_what_if_that_changes_nothing_is_the_same_policy() -> None:
    assert with_changes(SHIPPED["hgp-70 v1"]) == SHIPPED["hgp-70 v1"]


def test_a_what_if_is_checked_like_a_file() -> None:
    with pytest.raises(PolicyRefused, match=r"hgp-45 v1: pool\.top: hgp-45 v1 has no pool"):
        with_changes(SHIPPED["hgp-45 v1"], top=3)
    with pytest.raises(PolicyRefused, match=r"eligibility\.min_votes: expected votes in quotes"):
        with_changes(SHIPPED["hgp-45 v1"], min_votes=-1)
    with pytest.raises(PolicyRefused, match=r"bands\[0\]\.label: 'platinum' is not valid"):
        with_changes(SHIPPED["hgp-45 v1"], bands=[{"label": "platinum", "ranks": [1, None]}])


def test_a_document_of_any_depth_is_refused_and_not_walked_to_its_end() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert "bands[0]: expected a mapping, got a list" in refusal({"bands": deep})
    assert "groups[0]: a list is not valid; valid: amm" in refusal({"groups": deep})
    twin: list[Any] = []
    for _ in range(5000):
        twin = [twin]
    assert "bands[1]: expected a mapping, got a list" in refusal({"bands": [deep, twin]})
