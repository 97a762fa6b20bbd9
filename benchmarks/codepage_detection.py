"""Which code page is it: right, wrong or no verdict, for Blueline and for charset-normalizer.

Draws 5, 20 and 100 records from each text, encodes them, and asks both.  An answer is right when it decodes the bytes
to the text that was written, whatever the page is called.  Texts: names and addresses written by hand for the tests
(a few constants were checked against them), firms and notes written by hand for this benchmark only, and, with
`--region`, names and addresses of the sample generator.

    .venv/bin/python benchmarks/codepage_detection.py --trials 40
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from extractors.profiling.binary_shape import seems_ebcdic
from extractors.profiling.evidence import weigh
from extractors.profiling.readings import reading
from extractors.profiling.wordbytes import WordCount

ROOT = Path(__file__).resolve().parents[1]

PAGES = ("mazovia", "cp852", "cp1250", "iso8859-2", "cp870", "utf-8")
NUMBERS = (5, 20, 100)


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def region() -> list[str]:
    """Names and addresses put together from the sample generator's lists."""
    data = ROOT / "samples" / "data"

    def column(name: str, *fields: str) -> list[str]:
        with (data / name).open(encoding="utf-8", newline="") as file:
            return [" ".join(filter(None, (row[field] for field in fields))) for row in csv.DictReader(file)]

    chosen = random.Random(2003)
    surnames, given = column("surnames.csv", "male"), column("given_names.csv", "name")
    streets, towns = column("streets.csv", "kind", "rest", "main"), column("localities.csv", "locality")
    return [
        f"{chosen.choice(surnames)} {chosen.choice(given)};{chosen.choice(streets)};{chosen.choice(towns)}"
        for _ in range(400)
    ]


def blueline(data: bytes) -> Callable[[bytes], str] | None:
    ebcdic = seems_ebcdic(data)
    words = WordCount(ebcdic=ebcdic)
    words.add(data)
    found = weigh(words)
    if found.status == "any":
        return lambda raw: raw.decode("cp870" if ebcdic else "ascii")
    if found.status != "decided" or found.page is None:
        return None
    return reading(found.page).text


def charset_normalizer(data: bytes) -> Callable[[bytes], str] | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        return None
    return lambda raw: raw.decode(best.encoding, "replace")


def outcome(read: Callable[[bytes], str] | None, data: bytes, text: str) -> str:
    if read is None:
        return "none"
    try:
        return "right" if read(data) == text else "wrong"
    except UnicodeDecodeError:
        return "wrong"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trials", type=int, default=40, help="draws a cell (default 40)")
    arguments.add_argument("--region", action="store_true", help="also the sample generator's names and addresses")
    given = arguments.parse_args()
    texts = {
        "names and addresses (hand-written)": lines(ROOT / "tests" / "support" / "polish_records.txt"),
        "firms and notes (hand-written, benchmark only)": lines(ROOT / "benchmarks" / "polish_texts.txt"),
    }
    if given.region:
        texts["names and addresses (sample generator)"] = region()
    tools = {"blueline": blueline, "charset-normalizer": charset_normalizer}
    print("right/wrong/none")
    for title, records in texts.items():
        print(f"\n{title}\n{'page':10} {'records':>7}" + "".join(f"{tool:>22}" for tool in tools))
        for page in PAGES:
            for number in NUMBERS:
                cells = {tool: Counter[str]() for tool in tools}
                for seed in range(given.trials):
                    chosen = random.Random(seed)
                    drawn = chosen.sample(records, min(number, len(records)))
                    text = "\n".join(line.upper() if seed % 2 else line for line in drawn)
                    text = "".join(char for char in text if _fits(char, page))
                    data = text.encode(page)
                    for tool, ask in tools.items():
                        cells[tool][outcome(ask(data), data, text)] += 1
                shown = "".join(f"{c['right']:>12}/{c['wrong']}/{c['none']}".rjust(22) for c in cells.values())
                print(f"{page:10} {number:>7}{shown}", flush=True)


def _fits(char: str, page: str) -> bool:
    try:
        char.encode(page)
    except UnicodeEncodeError:
        return False
    return True


if __name__ == "__main__":
    main()
