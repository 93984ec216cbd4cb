"""What gathers of one connector while its section is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import dedent

from registry.choices import ComponentKind, ConnectionType, PaperTrading
from registry.importers.pages.blocks import Text
from registry.importers.pages.page import PageConnector, PaperTradingPlace
from registry.importers.pages.values import commands_in, urls_of
from registry.importers.pages.words import key

PAPER_ENDING = "_paper_trade"
TEST_WORDS = ("testnet", "sandbox", "stage", "staging", "demo")
MAX_PROMPT = 200
CANDLES = ("_spot_candles", "_candles")


@dataclass(slots=True)
class Draft:
    """A connector section as far as it was read. `line` is its heading's."""

    line: int
    kind: ComponentKind | None = None
    id: str = ""
    connection_type: ConnectionType | None = None
    folder_url: str = ""
    folder_line: int = 0
    api_docs_url: str = ""
    configs_url: str = ""
    order_types: list[str] = field(default_factory=list)
    position_modes: list[str] = field(default_factory=list)
    intervals: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    usage_example: str = ""
    usage_url: str = ""
    commands: dict[str, int] = field(default_factory=dict)  # what is typed to connect, and the line that says so
    paper_texts: list[Text] = field(default_factory=list)

    @property
    def is_feed(self) -> bool:
        return self.kind is not None and (self.kind.is_candle_feed or self.kind is ComponentKind.AMM_DATA_FEED)

    @property
    def says_something(self) -> bool:
        return bool(
            self.id
            or self.folder_url
            or self.connection_type
            or self.api_docs_url
            or self.configs_url
            or self.order_types
            or self.position_modes
            or self.intervals
            or self.prompts
            or self.usage_example
            or self.usage_url
        )

    def id_by_command(self) -> str:
        """What a user types to connect, paper trading aside; a feed has no command of its own."""
        commands = [command for command in self.commands if not _is_for_paper(command)]
        return commands[0] if commands and not self.is_feed else ""

    def finished(self) -> PageConnector | None:
        """None where nothing was stated, or not of what."""
        if self.kind is None or not self.says_something:
            return None
        return PageConnector(
            kind=self.kind,
            id=self.id,
            connection_type=self.connection_type,
            folder_url=self.folder_url,
            api_docs_url=self.api_docs_url,
            configs_url=self.configs_url,
            order_types=tuple(self.order_types),
            position_modes=tuple(self.position_modes),
            intervals=tuple(self.intervals),
            paper=paper_of(self.paper_texts),
            credential_prompts=tuple(self.prompts),
            usage_example=self.usage_example,
            usage_url=self.usage_url,
            line=self.line,
        )


def id_of_folder(url: str) -> str:
    """`kucoin` of `…/candles_feed/kucoin_spot_candles`; "" of a file or of nothing."""
    last = url.rstrip("/").rpartition("/")[2]
    for ending in CANDLES:
        last = last.removesuffix(ending)
    return last if last and "." not in last else ""


def kind_of_folder(url: str) -> ComponentKind | None:
    """The bot keeps perpetual connectors apart from those of spot markets."""
    if "/connector/derivative/" in url:
        return ComponentKind.PERP_CONNECTOR
    return ComponentKind.SPOT_CONNECTOR if "/connector/exchange/" in url else None


def _is_for_paper(command: str) -> bool:
    return command.endswith(PAPER_ENDING) or any(word in command for word in TEST_WORDS)


def paper_of(texts: Sequence[Text]) -> PaperTradingPlace | None:
    """By the command that connects to it; a testnet's link alone means that the bot has no id for it."""
    commands = [command for text in texts for command in commands_in(text)]
    urls = [url for text in texts for url in urls_of(text)]
    url = urls[0] if urls else ""
    for command in commands:
        if command.endswith(PAPER_ENDING):
            return PaperTradingPlace(PaperTrading.SIMULATED, command, url)
        if any(word in command for word in TEST_WORDS):
            return PaperTradingPlace(PaperTrading.TESTNET, command, url)
    said = " ".join(text.text for text in texts).casefold()
    if url and any(word in said for word in (*TEST_WORDS, "paper trad")):
        return PaperTradingPlace(PaperTrading.TESTNET, "", url)
    return None


def prompts_in(code: str) -> list[str]:
    """What a terminal asks for, without the arrows behind it. A command stands behind arrows of its own."""
    found = []
    for line in code.splitlines():
        prompt, arrows, _ = line.strip().partition(">>>")
        prompt = prompt.strip()
        if arrows and key(prompt) and len(prompt) <= MAX_PROMPT:
            found.append(prompt)
    return found


def commands_of_code(code: str) -> Iterator[tuple[int, str]]:
    """The ids of lines such as `>>> connect kucoin`, each with its line's place in the block, from 1."""
    for number, line in enumerate(code.splitlines(), start=1):
        said = line.replace(">>>", " ").split()
        if len(said) > 1 and "connect" in said[:2] and said[-1] != "connect" and len(said) <= 4:
            yield number, said[said.index("connect") + 1]


def example_of(code: str) -> str:
    return dedent(code.replace("\t", "    ")).strip("\n").rstrip()
