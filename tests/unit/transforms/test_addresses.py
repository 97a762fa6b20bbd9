import pyarrow as pa
import pytest

from transforms.address_columns import addresses
from transforms.addresses import read_address, split_text
from transforms.houses import read_house
from transforms.localities import read_locality, read_postal_code
from transforms.streets import read_street


@pytest.mark.parametrize(
    ("text", "building", "flat", "status"),
    [
        ("12", "12", None, "ok"), ("12A", "12A", None, "ok"), ("12 A", "12A", None, "ok"), ("12a", "12A", None, "ok"),
        ("12/4", "12", "4", "ok"), ("12/14", "12", "14", "suspect"), ("12/13", "12", "13", "suspect"),
        ("12/204", "12", "204", "ok"), ("12A/3", "12A", "3", "ok"), ("14/12", "14", "12", "ok"),
        ("12 m. 4", "12", "4", "ok"), ("12 m 4", "12", "4", "ok"), ("12m4", "12", "4", "ok"),
        ("12 M.4", "12", "4", "ok"),
        ("12 mieszk. 4", "12", "4", "ok"), ("12 lok. 4", "12", "4", "ok"), ("12 l. 4", "12", "4", "ok"),
        ("25CM42", "25C", "42", "ok"), ("12 A m. 4", "12A", "4", "ok"), ("nr 12", "12", None, "ok"),
        ("0012", "12", None, "ok"),
        ("12/14 m. 3", "12/14", "3", "ok"), ("12-14/4", "12-14", "4", "ok"), ("12-14 m 4", "12-14", "4", "ok"),
        ("12/14/3", "12/14", "3", "ok"), ("12-14", "12-14", None, "ok"), ("blok 3", "3", None, "ok"),
        ("bl. 3 kl. II m. 4", "3", "4", "ok"), ("bl.3 m.4", "3", "4", "ok"), ("12 m. 4A", "12", "4A", "ok"),
        ("12 m. 4 i 5", "12", "4,5", "ok"), ("12 m. 4,5", "12", "4,5", "ok"), ("dz. 123/4", None, None, "suspect"),
        ("dz. nr 7", None, None, "suspect"), ("skr. poczt. 15", None, None, "ok"), ("skrytka 15", None, None, "ok"),
        ("za kościołem", None, None, "unparsed"), ("12 x 14 y", None, None, "unparsed"), ("-", None, None, "missing"),
        ("", None, None, "missing"),
    ],
)  # fmt: skip
def test_house_numbers(text, building, flat, status):
    found = read_house(text)
    assert (found.building, found.flat, found.status) == (building, flat, status)


def test_a_flat_of_its_own_makes_a_slash_a_corner():
    assert read_house("12/14", "3")[:3] == ("12/14", "3", "ok")
    assert read_house("12", "m. 4 i 5")[:3] == ("12", "4,5", "ok")
    assert read_house("12 m. 4", "4").status == "ok"
    assert read_house("12 m. 4", "5").status == "suspect"


@pytest.mark.parametrize(
    ("text", "kind", "name", "rest", "key"),
    [
        ("Mickiewicza", None, "Mickiewicza", None, "mickiewicza"),
        ("Mickiewicza Adama", None, "Mickiewicza", "Adama", "mickiewicza"),
        ("ul. Adama Mickiewicza", "ul.", "Mickiewicza", "Adama", "mickiewicza"),
        ("UL. A. MICKIEWICZA", "ul.", "Mickiewicza", "A.", "mickiewicza"),
        ("UL.MICKIEWICZA", "ul.", "Mickiewicza", None, "mickiewicza"),
        ("ulica Długa", "ul.", "Długa", None, "dluga"),
        ("ul. ul. Długa", "ul.", "Długa", None, "dluga"),
        ("ul. aleja Słowackiego", "al.", "Słowackiego", None, "slowackiego"),
        ("ul. Aleja 29 Listopada", "al.", "29 Listopada", None, "29 listopada"),
        ("AL. 3 MAJA", "al.", "3 Maja", None, "3 maja"),
        ("1-go Maja", None, "1-go Maja", None, "1 maja"),
        ("I Maja", None, "I Maja", None, "1 maja"),
        ("os. XX-lecia", "os.", "XX-lecia", None, "20 lecia"),
        ("os. 20-LECIA", "os.", "20-lecia", None, "20 lecia"),
        ("Jana Pawła II", None, "Jana Pawła II", None, "jana pawla 2"),
        ("gen. W. Sikorskiego", None, "Sikorskiego", "gen. W.", "sikorskiego"),
        ("Księdza Jerzego Popiełuszki", None, "Popiełuszki", "Księdza Jerzego", "popieluszki"),
        ("Św. Jana", None, "Jana", "Św.", "jana"),
        ("KRÓLOWEJ JADWIGI", None, "Królowej Jadwigi", None, "krolowej jadwigi"),
        ("Marii Skłodowskiej-Curie", None, "Skłodowskiej-Curie", "Marii", "curie sklodowskiej"),
        ("Armii Krajowej", None, "Armii Krajowej", None, "armii krajowej"),
        ("Plac pod Lipami", None, "Plac pod Lipami", None, "plac pod lipami"),
        ("pl. Wolności", "pl.", "Wolności", None, "wolnosci"),
        ("Rynek", "rynek", "Rynek", None, "rynek"),
        ("przy Rynku", "rynek", "Rynek", None, "rynek"),
        ("S. Wyspiańskiego", None, "Wyspiańskiego", "S.", "wyspianskiego"),
        ("RYNEK GŁÓWNY", "rynek", "Główny", None, "glowny"),
        ("Kościuszki Tadeusza", None, "Kościuszki", "Tadeusza", "kosciuszki"),
        ("CYPRIANA KAMILA NORWIDA", None, "Norwida", "Cypriana Kamila", "norwida"),
        ("os.", "os.", None, None, None),
        ("ul. Wł. Sikorskiego", "ul.", "Sikorskiego", "Wł.", "sikorskiego"),
        ("UL.WŁAD.SIKORSKIEGO", "ul.", "Sikorskiego", "Wład.", "sikorskiego"),
        ("Staszica St.", None, "Staszica", "St.", "staszica"),
        ("gen. Wł. Andersa", None, "Andersa", "gen. Wł.", "andersa"),
        ("St. Rynek", None, "St. Rynek", None, "st rynek"),
        ("Arm. Krajowej", None, "Arm. Krajowej", None, "armii krajowej"),
    ],
)
def test_streets(text, kind, name, rest, key):
    assert tuple(read_street(text)) == (kind, name, rest, key)


@pytest.mark.parametrize(
    ("street", "house", "city", "expected"),
    [
        ("MICKIEWICZA 12/4", "", "KRAKÓW", ("mickiewicza", "12", "4", "Kraków", "ok")),
        ("11 LISTOPADA 5", "", "Kraków", ("11 listopada", "5", None, "Kraków", "ok")),
        ("1 MAJA 3 M 5", "", "Kraków", ("1 maja", "3", "5", "Kraków", "ok")),
        ("UL. 3 MAJA", "", "Kraków", ("3 maja", None, None, "Kraków", "unparsed")),
        ("OS. PIASTÓW BL. 3 KL. II M. 4", "", "Kraków", ("piastow", "3", "4", "Kraków", "ok")),
        ("RYNEK 5", "", "Kraków", ("rynek", "5", None, "Kraków", "ok")),
        ("JANA PAWŁA II 12 m 3", "", "Kraków", ("jana pawla 2", "12", "3", "Kraków", "ok")),
        ("MICKIEWICZA ADAMA 12 A/3", "", "Kraków", ("mickiewicza", "12A", "3", "Kraków", "ok")),
        ("KRĘPA 15", "", "KRĘPA", (None, "15", None, "Krępa", "ok")),
        ("KRĘPA", "15", "Krępa", (None, "15", None, "Krępa", "ok")),
        ("", "15", "Krępa", (None, "15", None, "Krępa", "ok")),
        ("15", "", "Krępa", (None, "15", None, "Krępa", "ok")),
        ("", "", "Krępa 15", (None, "15", None, "Krępa", "ok")),
        ("Długa", "za kościołem", "Łódź", ("dluga", None, None, "Łódź", "unparsed")),
        ("Długa", "5", "LODZ", ("dluga", "5", None, "Łódź", "repaired")),
        ("Długa", "5", "", ("dluga", "5", None, None, "suspect")),
        ("Krępa dz. 123/4", "", "", (None, None, None, "Krępa", "suspect")),
        ("Krępa", "17", "p-ta Ostrów", ("krepa", "17", None, None, "suspect")),
        ("", "", "Łódź", (None, None, None, "Łódź", "unparsed")),
        ("", "", "", (None, None, None, None, "missing")),
    ],
)
def test_addresses_whole_and_by_column(street, house, city, expected):
    found = read_address(street, house, "", city)
    assert (found.street_key, found.building, found.flat, found.locality, found.status) == expected
    columns = addresses([pa.array([t or None], pa.string()) for t in (street, house, "", city, "")])
    assert [c.to_pylist()[0] for c in columns] == list(found)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ul. Długa 5/7, 30-062 Kraków", ("ul. Długa 5/7", "30-062", "Kraków")),
        ("00-950 Warszawa, ul. 11 Listopada 5", ("ul. 11 Listopada 5", "00-950", "Warszawa")),
        ("Długa 5\n30 - 062 Kraków", ("Długa 5", "30-062", "Kraków")),
        ("Kraków, ul. Długa 5", ("ul. Długa 5", "", "Kraków")),
        ("ul. Długa 5, Kraków", ("ul. Długa 5", "", "Kraków")),
        ("Krępa 15", ("Krępa 15", "", "")),
        ("Krępa 17, p-ta Ostrów", ("17", "", "Krępa, p-ta Ostrów")),
        ("ul. Długa 5, Krępa, poczta Ostrów", ("ul. Długa 5", "", "Krępa, p-ta Ostrów")),
        ("Krępa 17, 63-400 p-ta Ostrów", ("17", "63-400", "Krępa, p-ta Ostrów")),
        ("ul. Długa 5 p-ta Ostrów", ("ul. Długa 5 p-ta Ostrów", "", "")),
    ],
)
def test_address_texts_are_cut(text, parts):
    assert tuple(split_text(text)) == parts


@pytest.mark.parametrize(
    ("text", "building", "locality", "post_town"),
    [
        ("Krępa 17, p-ta Ostrów", "17", "Krępa", "Ostrów"), ("Krępa 17, poczta Ostrów", "17", "Krępa", "Ostrów"),
        ("KRĘPA 17 POCZTA OSTRÓW WLKP.", "17", "Krępa", "Ostrów Wielkopolski"),
        ("Krępa, dz. 123/4, p-ta Ostrów", None, "Krępa", "Ostrów"), ("Krępa, dz. 123/4", None, "Krępa", None),
        ("Krępa, p-ta Ostrów", None, "Krępa", "Ostrów"), ("Krępa 17 (poczta Ostrów)", "17", "Krępa", "Ostrów"),
        ("Krępa 17, p-ta 63-400 Ostrów", "17", "Krępa", "Ostrów"),
    ],
)  # fmt: skip
def test_the_post_town_is_no_locality(text, building, locality, post_town):
    found = read_address("", "", "", "", text)
    assert (found.building, found.locality, found.post_town) == (building, locality, post_town)
    assert found.street_key is None
    columns = addresses([pa.array([t], pa.string()) for t in (None, None, None, None, text)])
    assert [c.to_pylist()[0] for c in columns] == list(found)


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("KRAKÓW", "Kraków", "ok"), ("kraków", "Kraków", "ok"), ("Krakow", "Kraków", "repaired"),
        ("W-WA", "Warszawa", "repaired"),
        ("Warszawa 12", "Warszawa", "repaired"), ("GORZÓW WLKP.", "Gorzów Wielkopolski", "repaired"),
        ("Bielsko - Biała", "Bielsko-Biała", "repaired"), ("NOWA WIEŚ NAD DRWĘCĄ", "Nowa Wieś nad Drwęcą", "ok"),
        ("Piotrków Tryb.", "Piotrków Trybunalski", "repaired"), ("Krępa k. Ostrowa", "Krępa", "repaired"),
        ("", None, "missing"),
    ],
)  # fmt: skip
def test_localities(text, name, status):
    found = read_locality(text)
    assert (found.name, found.status) == (name, status)


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("00-950", "00-950", "ok"), ("00950", "00-950", "repaired"), ("00 950", "00-950", "repaired"),
        ("00–950", "00-950", "repaired"), ("O0-95O", "00-950", "repaired"), ("1-234", "01-234", "repaired"),
        ("1234", "01-234", "repaired"), ("00-000", None, "filler"), ("99-999", None, "filler"),
        ("123456", None, "unparsed"),
        ("ABC", None, "unparsed"), ("-", None, "missing"), ("٠٠-٩٥٠", None, "unparsed"),
    ],
)  # fmt: skip
def test_postal_codes(text, code, status):
    found = read_postal_code(text)
    assert (found.value, found.status) == (code, status)
