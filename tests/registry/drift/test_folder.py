"""A folder of pages is read at every request, and parsed only where a file has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry.drift import folder
from registry.drift.folder import PagesUnreadable, merged, pages_under

PAGE = """# Some Exchange

## 🛠 Connector Info

- **Exchange Type**: {kind}
- **Market Type**: Central Limit Order Book (CLOB)

| Component | Status | Notes |
| --------- | ------ | ----- |
| [🔀 Spot Connector](#spot-connector) | ✅ |
"""
CEX, DEX = PAGE.format(kind="CEX"), PAGE.format(kind="DEX")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    folder._read.cache_clear()


def parsed() -> int:
    """How many files were opened and parsed so far."""
    return folder._read.cache_info().misses


def write(path: Path, text: str = CEX) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_pages_are_found_in_subfolders_in_the_order_of_their_paths(tmp_path: Path) -> None:
    write(tmp_path / "kraken" / "index.md")
    write(tmp_path / "binance.md")
    write(tmp_path / "kraken" / "notes.txt")
    write(tmp_path / ".git" / "kraken.md")
    write(tmp_path / ".kraken.md")
    write(tmp_path / "about.md", "# About\n\nNo exchange.\n")

    found = pages_under(tmp_path)

    assert [page.file for page in found.pages] == ["binance.md", "kraken/index.md"]
    assert found.other_files == ("about.md",)
    assert found.unread == ()


def test_an_unchanged_file_is_not_parsed_again(tmp_path: Path) -> None:
    write(tmp_path / "kraken.md")
    write(tmp_path / "binance.md")

    first, second = pages_under(tmp_path), pages_under(tmp_path)

    assert parsed() == 2
    assert second == first


def test_only_the_file_that_changed_is_parsed_again(tmp_path: Path) -> None:
    kraken = write(tmp_path / "kraken.md")
    write(tmp_path / "binance.md")
    pages_under(tmp_path)

    write(kraken, DEX + "\nMore.\n")

    assert [page.exchange_type for page in pages_under(tmp_path).pages] == ["cex", "dex"]
    assert parsed() == 3


def test_an_edit_of_the_same_length_shows_though_its_date_is_put_back(tmp_path: Path) -> None:
    kraken = write(tmp_path / "kraken.md")
    before = kraken.stat()
    pages_under(tmp_path)

    assert len(DEX) == len(CEX)
    while kraken.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of a file system ticks in milliseconds
        write(kraken, DEX)
    os.utime(kraken, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert kraken.stat().st_mtime_ns == before.st_mtime_ns
    assert [page.exchange_type for page in pages_under(tmp_path).pages] == ["dex"]


def test_a_file_that_went_is_gone_and_a_new_one_is_there(tmp_path: Path) -> None:
    kraken = write(tmp_path / "kraken.md")
    pages_under(tmp_path)

    kraken.rename(tmp_path / "okx.md")

    assert [page.file for page in pages_under(tmp_path).pages] == ["okx.md"]


def test_a_pipe_is_left_alone_and_a_dead_link_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "link.md").symlink_to(tmp_path / "nowhere.md")

    found = pages_under(tmp_path)

    assert (found.pages, found.unread) == ((), ("link.md: No such file or directory",))


def test_a_link_is_followed_within_the_folder_and_never_out_of_it(tmp_path: Path) -> None:
    """Whoever may propose a page for the site may propose a link as well, and the server reads more than they do."""
    outside = write(tmp_path / "private" / "notes.md")
    kraken = write(tmp_path / "site" / "kraken.md")
    (kraken.parent / "again.md").symlink_to("kraken.md")
    (kraken.parent / "stolen.md").symlink_to(outside)
    (kraken.parent / "folder").symlink_to(outside.parent)
    (tmp_path / "latest").symlink_to(kraken.parent)

    for place in (kraken.parent, tmp_path / "latest"):
        found = pages_under(place)

        assert [page.file for page in found.pages] == ["again.md", "kraken.md"]
        assert found.unread == ("stolen.md: it is a link that leads out of the folder",)


def test_a_name_that_is_no_text_is_shown_as_text(tmp_path: Path) -> None:
    write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/krak\xff\x1ben.md")))

    (page,) = pages_under(tmp_path).pages

    assert page.file == "krak\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}en.md"


def test_more_files_than_a_site_has_are_not_read_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_FILES", 2)
    for name in "abc":
        write(tmp_path / f"{name}.md")

    found = pages_under(tmp_path)

    assert [page.file for page in found.pages] == ["a.md", "b.md"]
    assert found.unread == ("c.md and all after it: more than 2 files are not read, name a folder within",)


def test_one_page_and_several_places_are_read_as_one(tmp_path: Path) -> None:
    kraken = write(tmp_path / "kraken.md")
    write(tmp_path / "more" / "okx.md")

    found = merged([pages_under(kraken), pages_under(tmp_path / "more")])

    assert [page.file for page in found.pages] == ["kraken.md", "okx.md"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PagesUnreadable, match="nowhere cannot be read: No such file or directory"):
        pages_under(tmp_path / "nowhere")
