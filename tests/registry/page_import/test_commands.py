"""`manage.py import_pages` and `manage.py export_pages`, as somebody types them."""

from __future__ import annotations

import json
import os
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from registry.choices import Lifecycle, MaintainerKind
from registry.models import Component, Exchange, Maintainer, Maintenance
from registry.page_export import BEGIN, END
from tests.registry.epochs.cut_off import everything
from tests.registry.page_import.pages import BELL, put_in_force

pytestmark = pytest.mark.django_db


def command(name: str, *args: object) -> list[str]:
    out = StringIO()
    call_command(name, *map(str, args), stdout=out)
    return out.getvalue().splitlines()


def refusal(name: str, *args: object) -> CommandError:
    with pytest.raises(CommandError) as refused:
        command(name, *args)
    return refused.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Bell's page, a page of nothing, and what is no page."""
    folder = tmp_path / "pages"
    (folder / "bell").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "bell" / "index.md").write_text(BELL, encoding="utf-8")
    (folder / "bell" / "bell.png").write_bytes(b"\x89PNG")
    (folder / ".git" / "hidden.md").write_text(BELL, encoding="utf-8")
    (folder / "index.md").write_text("# All exchanges\n", encoding="utf-8")
    return folder


@pytest.fixture
def bell(folder: Path) -> Exchange:
    Maintainer.objects.create(slug="ann", name="Ann", kind=MaintainerKind.PERSON)
    command("import_pages", folder, "--apply")
    return Exchange.objects.get()


class TestImport:
    def test_difference_is_printed_page_by_page_and_nothing_is_written(self, folder: Path) -> None:
        before = everything()

        lines = command("import_pages", folder)

        page = folder / "bell" / "index.md"
        assert lines == [
            f"{page}: bell, which is new",
            "  + maintainer: Ann (line 6)",
            "  + exchange type: Centralized exchange (CEX) (line 3)",
            "  + market type: Central limit order book (CLOB) (line 4)",
            "  + link website: https://bell.example (line 15)",
            "  + link fees: https://bell.example/fees (line 16)",
            "  + component spot_connector: Available, bell (line 10)",
            "  + component spot_candles: Not built (line 11)",
            "  new: maintainer Ann (organisation)",
            f"{page}:5: tier_differs: the page says Silver, and no tier is in force: votes decide that, and no page",
            f"{folder / 'index.md'}: not placed",
            f"{folder / 'index.md'}:1: no_exchange_page: "
            "This is no page of one exchange: it states neither a type nor components. It is not read.",
            "2 pages, 1 placed, 1 new exchange, 2 warnings: 9 changes to write; nothing was written, --apply does it",
        ]
        assert everything() == before

    def test_change_that_an_old_layout_brings_is_told_as_such(self, folder: Path, bell: Exchange) -> None:
        page = folder / "bell" / "index.md"
        page.write_text(BELL.replace("**: WebSocket", "**: REST"), encoding="utf-8")

        assert command("import_pages", page)[:3] == [
            f"{page}: bell",
            "  in the layout of late 2023: unless it was kept up since, its changes bring back what was so then",
            "  ~ component spot_connector connection type: WebSocket → REST (line 18)",
        ]

        today = "\n".join(line for line in page.read_text().splitlines() if "**Maint" not in line)
        page.write_text(today, encoding="utf-8")
        assert command("import_pages", page)[1].startswith("  ~ component spot_connector connection type: ")

    def test_names_that_are_no_text_are_printed_and_kept(self, folder: Path, bell: Exchange) -> None:
        odd = Path(os.fsdecode(os.fsencode(folder) + b"/b\xe9\nl.md"))
        odd.write_text(BELL.replace("Maintainer**: Ann", "Maintainer**: Cleo"), encoding="utf-8")

        assert command("import_pages", odd, "--apply")[0] == f"{folder}/b\\xe9\\nl.md: bell"
        assert Maintenance.objects.get(state="active").source == f"{folder.name}/b\\xe9\\nl.md"

    def test_apply_writes_and_again_is_a_no_op(self, folder: Path) -> None:
        assert command("import_pages", folder, "--apply")[-1].endswith(": 9 changes written")
        before = everything()

        assert command("import_pages", folder, "--apply")[-1] == "2 pages, 1 placed, 2 warnings: nothing to change"
        assert everything() == before

    def test_json_has_the_facts_of_each_page(self, folder: Path, bell: Exchange) -> None:
        before = everything()

        pages = json.loads("\n".join(command("import_pages", folder / "bell" / "index.md", "--json")))

        assert len(pages) == 1
        connectors = pages[0].pop("connectors")
        assert pages == [
            {
                "file": str(folder / "bell" / "index.md"),
                "exchange": "bell",
                "tier": "silver",
                "maintainer": "Ann",
                "exchange_type": "cex",
                "market_type": "clob",
                "components": [
                    {"kind": "spot_connector", "status": "available", "notes": "Supports testnet"},
                    {"kind": "spot_candles", "status": "not_built", "notes": ""},
                ],
                "warnings": [],
            }
        ]
        assert [(one["id"], one["kind"], one["order_types"]) for one in connectors] == [
            ("bell", "spot_connector", ["LIMIT", "MARKET"])
        ]
        assert everything() == before

    def test_json_tells_what_cannot_be_placed(self, folder: Path, bell: Exchange) -> None:
        (folder / "gong.md").write_text(BELL.replace("`bell`", "`gong`"), encoding="utf-8")
        command("import_pages", folder / "gong.md", "--apply")
        (folder / "gong.md").write_text(BELL, encoding="utf-8")

        (page,) = json.loads("\n".join(command("import_pages", folder / "gong.md", "--json", "--apply")))

        assert page["exchange"] == "gong"
        assert [(one["line"], one["code"]) for one in page["warnings"]] == [(1, "not_placed")]

    def test_tiers_are_held_against_a_day(self, folder: Path, bell: Exchange) -> None:
        put_in_force(bell, "silver", date(2023, 7, 1), until=date(2023, 10, 1))

        assert "tier_differs" not in "\n".join(command("import_pages", folder, "--on", "2023-08-24"))
        assert "tier_differs" in "\n".join(command("import_pages", folder, "--on", "2023-10-01"))

    def test_unreadable_paths_are_told_all_at_once_and_nothing_is_imported(self, folder: Path) -> None:
        empty = folder / "empty"
        empty.mkdir()
        (folder / "loop.md").symlink_to("loop.md")
        long = folder / ("a" * 300)

        refused = refusal("import_pages", folder, folder / "none.md", empty, folder / "loop.md", long, "--apply")

        assert refused.returncode == 2
        assert str(refused).splitlines() == [
            f"{folder / 'none.md'}: cannot be read: No such file or directory",
            f"{empty}: there is no page in this folder (a file *.md)",
            f"{folder / 'loop.md'}: cannot be read: Too many levels of symbolic links",
            f"{long}: cannot be read: File name too long",
            "nothing was imported",
        ]
        assert Exchange.objects.count() == 0

    def test_page_given_twice_is_read_once(self, folder: Path) -> None:
        assert command("import_pages", folder, folder / "bell" / "index.md")[-1].startswith("2 pages,")


class TestExport:
    def test_new_page_has_its_name_and_the_generated_part(self, bell: Exchange, tmp_path: Path) -> None:
        site = tmp_path / "site"

        assert command("export_pages", site) == [
            f"wrote {site / 'bell' / 'index.md'}",
            "1 written, 0 as they were, 0 refused",
        ]
        text = (site / "bell" / "index.md").read_text(encoding="utf-8")
        assert text.startswith(f"# Bell\n\n{BEGIN}\n## 🛠 Connector Info\n")
        assert text.endswith(f"{END}\n")
        assert command("export_pages", site) == ["0 written, 1 as they were, 0 refused"]

    @pytest.mark.parametrize("place", ["bell/index.md", "bell.md", "Bell.md", "gateway/bell.md"])
    def test_page_that_is_there_is_updated_where_it_is(self, bell: Exchange, tmp_path: Path, place: str) -> None:
        page = tmp_path / "site" / place
        page.parent.mkdir(parents=True)
        page.write_bytes(f"ours \xe9\r\n{BEGIN}\r\nold\r\n{END}\r\nours too".encode("latin-1"))
        page.chmod(0o640)

        assert command("export_pages", tmp_path / "site")[0] == f"changed {page}"

        content = page.read_bytes()
        assert content.startswith(f"ours \xe9\r\n{BEGIN}\r\n".encode("latin-1"))
        assert content.endswith(f"{END}\r\nours too".encode())
        assert b"- **ID**: `bell`\r\n" in content
        assert content.count(b"\n") == content.count(b"\r\n")
        assert page.stat().st_mode & 0o777 == 0o640
        assert [path.name for path in page.parent.iterdir()] == [page.name]

    def test_page_without_marks_is_refused_with_the_remedy_and_the_others_are_written(
        self, bell: Exchange, tmp_path: Path
    ) -> None:
        site = tmp_path / "site"
        site.mkdir()
        (site / "bell.md").write_text("All by hand.\n")
        other = Exchange.objects.create(slug="gong", name="Gong")
        Component.objects.create(exchange=other, kind="spot_connector", status="not_built")
        out = StringIO()

        with pytest.raises(CommandError, match="not every page is as the registry has it") as refused:
            call_command("export_pages", str(site), stdout=out)

        assert refused.value.returncode == 1
        assert out.getvalue().splitlines() == [
            f"refused {site / 'bell.md'}: it has no generated part: put {BEGIN} and {END} on lines of their own where "
            "that belongs, and take away what it replaces",
            f"wrote {site / 'gong' / 'index.md'}",
            "1 written, 0 as they were, 1 refused",
        ]
        assert (site / "bell.md").read_text() == "All by hand.\n"

    def test_page_that_cannot_be_written_keeps_no_other_from_it(self, bell: Exchange, tmp_path: Path) -> None:
        site = tmp_path / "site"
        (site / "bell" / "index.md").mkdir(parents=True)
        gong = site / "gong.md"
        gong.write_text(f"{BEGIN}\n{END}\n")
        gong.chmod(0o444)
        for slug in ("gong", "tone"):
            other = Exchange.objects.create(slug=slug, name=slug.title())
            Component.objects.create(exchange=other, kind="spot_connector", status="not_built")
        out = StringIO()

        with pytest.raises(CommandError, match="not every page"):
            call_command("export_pages", str(site), stdout=out)

        assert out.getvalue().splitlines() == [
            f"refused {site / 'bell' / 'index.md'}: it cannot be written: Is a directory",
            f"refused {gong}: it cannot be written: it is write-protected",
            f"wrote {site / 'tone' / 'index.md'}",
            "1 written, 0 as they were, 2 refused",
        ]
        assert gong.read_text() == f"{BEGIN}\n{END}\n"
        assert sorted(path.name for path in site.rglob("*")) == ["bell", "gong.md", "index.md", "index.md", "tone"]

    def test_page_behind_a_link_is_written_where_it_is(self, bell: Exchange, tmp_path: Path) -> None:
        page = tmp_path / "elsewhere.md"
        page.write_text(f"{BEGIN}\n{END}\n")
        site = tmp_path / "site"
        site.mkdir()
        (site / "bell.md").symlink_to(page)

        command("export_pages", site, "--exchange", "bell", "--exchange", "bell")

        assert (site / "bell.md").is_symlink()
        assert "- **ID**: `bell`" in page.read_text()

    def test_of_several_pages_the_one_with_the_marks_is_meant(self, bell: Exchange, tmp_path: Path) -> None:
        site = tmp_path / "site"
        (site / "bell").mkdir(parents=True)
        (site / "bell.md").write_text("Moved.\n")
        (site / "bell" / "index.md").write_text(f"{BEGIN}\n{END}\n")

        assert command("export_pages", site)[0] == f"changed {site / 'bell' / 'index.md'}"

        (site / "bell" / "index.md").write_text("By hand.\n")
        with pytest.raises(CommandError):
            command("export_pages", site)
        assert (site / "bell.md").read_text() == "Moved.\n"

    def test_check_writes_nothing_and_fails_until_all_is_up_to_date(self, bell: Exchange, tmp_path: Path) -> None:
        site = tmp_path / "site"

        assert refusal("export_pages", site, "--check").returncode == 1
        assert not site.exists()
        command("export_pages", site)
        assert command("export_pages", site, "--check") == ["0 to write, 1 as they were, 0 refused"]
        Component.objects.filter(kind="spot_candles").update(status="not_available")
        before = (site / "bell" / "index.md").read_bytes()
        assert refusal("export_pages", site, "--check").returncode == 1
        assert (site / "bell" / "index.md").read_bytes() == before

    def test_layout_of_the_tiers_prints_those_of_the_day(self, bell: Exchange, tmp_path: Path) -> None:
        put_in_force(bell, "gold", date(2023, 1, 1))
        put_in_force(bell, "bronze", date(2023, 7, 1))
        page = tmp_path / "bell" / "index.md"

        command("export_pages", tmp_path, "--layout", "tiers", "--on", "2023-06-30")
        assert "message=GOLD&color=yellow" in page.read_text()
        assert "HBOT holders voted Bell into the **Gold** tier." in page.read_text()
        command("export_pages", tmp_path, "--layout", "tiers")
        assert "message=BRONZE&color=green" in page.read_text()
        command("export_pages", tmp_path)
        assert "message=" not in page.read_text()

    def test_what_is_exported_can_be_chosen(self, bell: Exchange, tmp_path: Path) -> None:
        known_from_votes = Exchange.objects.create(slug="voted", name="Voted on")
        gone = Exchange.objects.create(slug="gong", name="Gong", lifecycle=Lifecycle.REMOVED)
        Component.objects.create(exchange=gone, kind="spot_connector", status="removed", connector_id="gong")

        assert command("export_pages", tmp_path / "all")[-1].startswith("2 written")
        assert command("export_pages", tmp_path / "shipped", "--shipped")[-1].startswith("1 written")
        chosen = command("export_pages", tmp_path / "one", "--exchange", known_from_votes.slug)
        assert chosen[0] == f"wrote {tmp_path / 'one' / 'voted' / 'index.md'}"

    def test_bad_usage_says_what_to_do(self, bell: Exchange, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        assert str(refusal("export_pages", tmp_path / "file")).endswith("is no folder: name one for the pages")
        assert str(refusal("export_pages", tmp_path / "site", "--exchange", "bel")) == (
            "no exchange 'bel' in the registry; did you mean 'bell'?\nnothing was written"
        )
        assert "invalid choice: 'yesterday'" in str(refusal("export_pages", tmp_path, "--layout", "yesterday"))
        assert "'soon' is no day: write it as" in str(refusal("export_pages", tmp_path, "--on", "soon"))
        assert not (tmp_path / "site").exists()

    def test_exported_pages_import_without_a_change(self, bell: Exchange, tmp_path: Path) -> None:
        for layout in ("today", "tiers"):
            command("export_pages", tmp_path / layout, "--layout", layout)

            assert command("import_pages", tmp_path / layout) == [
                f"{tmp_path / layout / 'bell' / 'index.md'}: bell, nothing to change",
                "1 page, 1 placed, 0 warnings: nothing to change",
            ]
