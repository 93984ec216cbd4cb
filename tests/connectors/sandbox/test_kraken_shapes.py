"""The sandbox's answers have the keys and types of the payloads kept from Kraken itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.connectors.sandbox.wire import Book, socket_of

if TYPE_CHECKING:
    from connectors.sandbox import KrakenSandbox
    from tests.connectors.sandbox.wire import Rest, Socket

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kraken"
NUMBER_TEXT = re.compile(r"-?\d+(\.\d+)?")


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text())


def frames_2026() -> list[str]:
    return list(payload("ws2_frames_2026.json"))


def shape(value: object) -> object:
    """Keys in order and types all the way down; a list by its first element, numbers as text apart from other text."""
    if isinstance(value, dict):
        return [(key, shape(one)) for key, one in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else "empty list"
    if isinstance(value, str):
        return "number as text" if NUMBER_TEXT.fullmatch(value) else "text"
    return type(value).__name__


def only(result: dict[str, Any]) -> Any:
    """The one value whose key names a pair."""
    return next(value for key, value in result.items() if key != "last")


def only_key(result: dict[str, Any]) -> str:
    (key,) = set(result) - {"last"}
    return key


def decimals(rows: list[list[Any]], column: int) -> set[int]:
    return {len(row[column].partition(".")[2]) for row in rows}


@pytest.mark.parametrize(("name", "file"), [("Time", "rest_time.json"), ("SystemStatus", "rest_system_status.json")])
async def test_clock_and_status(rest: Rest, name: str, file: str) -> None:
    answer = await rest.public(name)
    assert shape(answer) == shape(payload(file))


async def test_time_has_a_two_digit_year(rest: Rest) -> None:
    text = (await rest.public("Time"))["result"]["rfc1123"]
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} \+0000", text)


@pytest.mark.parametrize("asset", ["XXBT", "ZUSD"])
async def test_recorded_assets_are_listed_as_recorded(rest: Rest, asset: str) -> None:
    answer = await rest.public("Assets", asset=asset)
    assert answer["result"] == {asset: payload("rest_catalog_2026.json")["assets"][asset]}


@pytest.mark.parametrize("pair", ["XXBTZUSD", "XDGUSD", "ACAEUR"])
async def test_recorded_pairs_are_listed_as_recorded(rest: Rest, pair: str) -> None:
    answer = await rest.public("AssetPairs", pair=pair)
    assert answer["result"] == {pair: payload("rest_catalog_2026.json")["pairs"][pair]}


async def test_every_pair_has_the_recorded_fields(rest: Rest) -> None:
    recorded = payload("rest_catalog_2026.json")["pairs"]["XXBTZUSD"]
    answer = await rest.public("AssetPairs")
    for pair in answer["result"].values():
        expected = {key: type(value) for key, value in recorded.items() if key in pair}
        assert {key: type(value) for key, value in pair.items()} == expected


async def test_ticker(rest: Rest) -> None:
    assert shape(await rest.public("Ticker", pair="XBTUSDT")) == shape(payload("rest_ticker.json"))


async def test_depth_prints_five_and_three_decimals(rest: Rest) -> None:
    answer = await rest.public("Depth", pair="XBTUSDT", count=5)
    assert shape(answer) == shape(payload("rest_depth.json"))
    rows = only(answer["result"])["asks"] + only(answer["result"])["bids"]
    assert (len(rows), decimals(rows, 0), decimals(rows, 1)) == (10, {5}, {3})


async def test_ohlc_prints_pair_decimals_and_ends_with_the_forming_candle(rest: Rest) -> None:
    answer = await rest.public("OHLC", pair="XBTUSDT", interval=1)
    assert shape(answer) == shape(payload("rest_ohlc.json"))
    rows = only(answer["result"])
    assert (len(rows), decimals(rows, 4), decimals(rows, 6)) == (720, {1}, {8})
    assert answer["result"]["last"] == rows[-2][0] == rows[-1][0] - 60


async def test_quiet_candles_look_like_recorded_ones(rest: Rest) -> None:
    recorded = payload("rest_ohlc.json")["result"]["XBTUSDT"][-1]
    rows = only((await rest.public("OHLC", pair="ETHXBT", interval=1))["result"])
    quiet = [row for row in rows[:-1] if row[7] == 0]
    assert quiet
    assert {tuple(row[5:]) for row in quiet} == {tuple(recorded[5:])}
    assert all(len({*row[1:5]}) == 1 for row in quiet)


async def test_ohlc_since_is_strictly_later(rest: Rest) -> None:
    rows = only((await rest.public("OHLC", pair="XBTUSD", interval=60))["result"])
    newer = only((await rest.public("OHLC", pair="XBTUSD", interval=60, since=rows[-3][0]))["result"])
    assert [row[0] for row in newer] == [rows[-2][0], rows[-1][0]]


SPELLINGS = {
    "BTC/USD": "BTC/USD",
    "XBTUSD": "XXBTZUSD",
    "XXBTZUSD": "XXBTZUSD",
    "DOGE/USD": "DOGE/USD",
    "XDGUSD": "XDGUSD",
}


@pytest.mark.parametrize("name", ["AssetPairs", "Depth", "OHLC", "Ticker", "Trades", "Spread"])
async def test_key_of_the_result_follows_the_spelling_asked_for(rest: Rest, name: str) -> None:
    answers = {asked: (await rest.public(name, pair=asked))["result"] for asked in SPELLINGS}
    assert {asked: only_key(result) for asked, result in answers.items()} == SPELLINGS


async def test_unknown_spellings_are_refused_with_status_200(rest: Rest) -> None:
    for pair in ("XBT/USD", "XDG/USD", "NOPE", "BTC-USD"):
        response = await rest.client.get("/0/public/Depth", params={"pair": pair})
        assert (response.status_code, response.json()) == (200, {"error": ["EQuery:Unknown asset pair"]})


async def test_unknown_method_is_404(rest: Rest) -> None:
    for path in ("/0/public/Nope", "/0/private/Nope", "/nope"):
        response = await rest.client.get(path)
        assert (response.status_code, response.json()) == (404, {"error": ["EGeneral:Unknown method"]})


async def test_key_info(rest: Rest) -> None:
    documented = payload("rest_api_key_info.json")
    assert shape(await rest.private("GetApiKeyInfo")) == shape(documented)


async def test_private_answers(rest: Rest) -> None:
    assert set((await rest.private("Balance"))["result"]) >= {"ZUSD", "XXBT"}
    added = await rest.private("AddOrder", pair="XBTUSDT", type="buy", ordertype="limit", price="29500", volume="0.5")
    expected = payload("rest_add_order.json")
    del expected["result"]["descr"]["close"]
    assert shape(added) == shape(expected)
    opened = await rest.private("OpenOrders")
    recorded = payload("rest_open_orders.json")["result"]["open"]["O26VBY-ISGAE-JP5TLU"]
    (order,) = opened["result"]["open"].values()
    assert shape(order) == shape(recorded)
    assert order["descr"] == recorded["descr"]
    cancelled = await rest.private("CancelOrder", txid=added["result"]["txid"][0])
    assert cancelled == payload("rest_cancel_order.json")


async def test_status_is_the_first_frame(socket: Socket) -> None:
    first = json.loads(await socket.raw())
    assert shape(first) == shape(json.loads(frames_2026()[0]))
    assert first["data"][0]["connection_id"] > 2**53


@pytest.mark.parametrize(("index", "channel"), [(6, "ticker"), (7, "trade"), (9, "ohlc")])
async def test_market_frames_have_the_recorded_keys_in_order(socket: Socket, index: int, channel: str) -> None:
    acknowledged = await socket.subscribe(channel, symbol=["BTC/USD"], snapshot=False)
    assert acknowledged["success"] is True
    frame = await socket.frame(channel, "update")
    recorded = json.loads(frames_2026()[index], parse_float=str)
    assert shape(frame) == shape(recorded)
    for key, value in recorded["data"][0].items():
        if isinstance(value, str) and NUMBER_TEXT.fullmatch(value):
            assert len(frame["data"][0][key].partition(".")[2]) == len(value.partition(".")[2]), key


async def test_book_frames_are_written_like_the_recorded_one(socket: Socket) -> None:
    await socket.subscribe("book", symbol=["BTC/USD"], depth=10)
    level = r'\{"price":\d+\.\d,"qty":\d+\.\d{8}\}'
    side = rf"\[({level}(,{level})*)?\]"
    pattern = re.compile(
        rf'\{{"channel":"book","type":"(snapshot|update)","data":\[\{{"symbol":"BTC/USD","bids":{side},"asks":{side},'
        r'"checksum":\d+,"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"\}\]\}'
    )
    assert pattern.fullmatch(frames_2026()[8])
    for _ in range(20):
        assert pattern.fullmatch(await socket.raw())


def test_our_reading_of_the_checksum_is_the_documented_one() -> None:
    example = payload("checksum_example_v2.json")
    levels = {side: [{"price": price, "qty": qty} for price, qty in example[side]] for side in ("asks", "bids")}
    book = Book({"data": [{**levels, "checksum": example["checksum"]}]}, 10)
    assert book.checksum == 3310070434


async def test_acknowledgement_and_pong(socket: Socket) -> None:
    await socket.say("ping", req_id=42)
    assert shape(await socket.reply()) == shape(payload("ws2_pong.json"))
    await socket.say("subscribe", req_id=1, channel="ticker", symbol=["BTC/USD"])
    assert sorted(await socket.reply()) == sorted(payload("ws2_subscribe_ack.json"))
    acknowledged = await socket.subscribe("trade", symbol=["BTC/USD"], snapshot=False)
    assert shape(acknowledged) == shape(json.loads(frames_2026()[1]))


async def test_refusals_are_worded_as_recorded(sandbox: KrakenSandbox, socket: Socket) -> None:
    unknown, private, public, session = (json.loads(text) for text in frames_2026()[2:6])
    times = {"time_in": "", "time_out": ""}
    assert {**await socket.subscribe("book", symbol=["XBT/USD"]), **times} == {**unknown, **times}
    assert {**await socket.subscribe("executions", token="x"), **times} == {**private, **times}
    async with socket_of(sandbox, "ws_auth") as private_socket:
        assert {**await private_socket.subscribe("book", symbol=["BTC/USD"]), **times} == {**public, **times}
        assert {**await private_socket.subscribe("executions", token="x"), **times} == {**session, **times}


async def test_refused_order_over_websocket(sandbox: KrakenSandbox, rest: Rest) -> None:
    async with socket_of(sandbox, "ws_auth") as socket:
        await socket.say(
            "add_order",
            req_id=99,
            token=await rest.token(),
            symbol="BTC/USD",
            side="sell",
            order_type="market",
            order_qty=1000,
        )
        recorded = payload("ws2_add_order_refused.json")
        refused = await socket.reply()
        assert sorted(refused) == sorted(recorded)
        assert refused["error"] == recorded["error"]
