"""One street, one key; two streets, two keys."""

import itertools

import pytest

from transforms.street_keys import street_key
from transforms.streets import read_street
from transforms.vocabulary import street_forms

ONE_STREET = [
    ("kantego", "Kantego", "Jana Kantego", "J. Kantego", "św. Jana Kantego", "sw. Jana Kantego", "SW. JANA KANTEGO",
     "Świętego Jana Kantego", "ul. Św. J. Kantego"),
    ("bosko", "św. Jana Bosko", "ks. Jana Bosko", "Bosko"),
    ("mickiewicza", "Mickiewicza", "Adama Mickiewicza", "A. Mickiewicza", "UL. A MICKIEWICZA", "Mickiewicza Adama"),
    ("jana pawla 2", "Jana Pawła II", "św. Jana Pawła II", "Papieża Jana Pawła II", "JP II", "J.P. II", "JPII", "JP2",
     "al. Jana Pawła 2", "Jana P. II", "J. Pawła II", "Ojca Świętego Jana Pawła II"),
    ("popieluszki", "ks. Popiełuszki", "ks. Jerzego Popiełuszki", "Ks. J. Popiełuszki", "bł. ks. Jerzego Popiełuszki",
     "Popiełuszki"),
    ("andersa", "gen. Andersa", "GEN ANDERSA", "Generała Andersa", "gen. Wł. Andersa", "Władysława Andersa"),
    ("3 maja", "3 Maja", "3-go Maja", "3 - go Maja", "III Maja", "Trzeciego Maja", "TRZECIEGO MAJA"),
    ("22 lipca", "22 Lipca", "22-go Lipca", "Dwudziestego Drugiego Lipca"),
    ("20 stycznia", "20 Stycznia", "Dwudziestego Stycznia"),
    ("konstytucji 3 maja", "Konstytucji 3 Maja", "Konstytucji Trzeciego Maja", "Konst. 3-go Maja",
     "Konstytucji III Maja"),
    ("pilsudskiego", "Marsz. Piłsudskiego", "Marszałka Józefa Piłsudskiego", "J. Piłsudskiego",
     "Piłsudskiego Józefa marsz.", "MARSZ PILSUDSKIEGO"),
    ("krolowej jadwigi", "Królowej Jadwigi", "św. Królowej Jadwigi", "Jadwigi Królowej", "Król. Jadwigi",
     "bł. Królowej Jadwigi"),
    ("sobieskiego", "Jana III Sobieskiego", "Króla Jana III Sobieskiego", "Sobieskiego", "Sobieskiego Jana III"),
    ("kazimierza wielkiego", "Kazimierza Wielkiego", "Króla Kazimierza Wielkiego", "Wielkiego Kazimierza"),
    ("zygmunta starego", "Zygmunta Starego", "Zygmunta I Starego", "ZYGMUNTA I STAREGO"),
    ("poniatowskiego", "ks. Józefa Poniatowskiego", "Księcia Józefa Poniatowskiego", "Poniatowskiego"),
    ("hubala", "mjr Hubala", "mjr. Hubala", "Majora Hubala"),
    ("bandurskiego", "bpa Bandurskiego", "Biskupa Bandurskiego", "ks. bp. Wł. Bandurskiego"),
    ("sniadeckich", "Braci Śniadeckich", "Br. Śniadeckich", "Śniadeckich"),
    ("zwirki wigury", "Żwirki i Wigury", "F. Żwirki i S. Wigury", "ŻWIRKI I WIGURY", "Żwirki Wigury"),
    ("piotra pawla", "św. Piotra i Pawła", "Piotra i Pawła", "ŚW. PIOTRA I PAWŁA"),
    ("cyryla metodego", "św. św. Cyryla i Metodego", "Cyryla i Metodego"),
    ("curie sklodowskiej", "Marii Skłodowskiej-Curie", "Curie-Skłodowskiej", "M. C. Skłodowskiej", "Skłodowskiej",
     "M C SKŁODOWSKIEJ-CURIE", "Skłodowskiej Curie"),
    ("boya zelenskiego", "Boya-Żeleńskiego", "Tadeusza Boya Żeleńskiego", "T. Boya-Żeleńskiego"),
    ("chopina", "Chopina", "F. Szopena", "Szopena Fryderyka"),
    ("kolbe", "św. Maksymiliana Kolbe", "o. Kolbego", "Maksymiliana Marii Kolbego"),
    ("armii krajowej", "Armii Krajowej", "AK", "A.K.", "Arm. Krajowej"),
    ("2 armii wojska polskiego", "2 Armii WP", "II Armii Wojska Polskiego", "Drugiej Armii W.P."),
    ("najswietszej maryi panny", "NMP", "N.M.P.", "al. Najświętszej Marii Panny", "Najśw. Maryi Panny"),
    ("komisji edukacji narodowej", "KEN", "Komisji Edukacji Narodowej", "Kom. Edukacji Narodowej"),
    ("powstancow wielkopolskich", "Powst. Wlkp.", "Powstańców Wlkp.", "Powstańców Wielkopolskich"),
    ("powstancow slaskich", "Powst. Śl.", "Powstańców Śląskich"),
    ("powstania listopadowego", "Powst. Listopadowego", "Powstania Listopadowego"),
    ("bohaterow getta", "Boh. Getta", "Bohaterów Getta"),
    ("30 lecia polskiej rzeczypospolitej ludowej", "XXX-lecia PRL", "30-lecia PRL"),
    ("40 lecia polskiej rzeczypospolitej ludowej", "XL-lecia PRL", "40 lecia PRL"),
    ("1000 lecia panstwa polskiego", "1000-lecia Państwa Polskiego", "Tysiąclecia Państwa Polskiego"),
    ("3 krzyzy", "pl. Trzech Krzyży", "pl. 3 Krzyży"),
    ("prymasa tysiaclecia", "Prymasa Tysiąclecia", "Prym. Tysiąclecia"),
    ("nowotki", "Marcelego Nowotki", "M. Nowotki", "Nowotki"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "spellings"), [(key, spellings) for key, *spellings in ONE_STREET])
def test_all_spellings_of_a_street_have_one_key(key, spellings):
    assert {text: read_street(text).key for text in spellings} == dict.fromkeys(spellings, key)


SEVERAL_STREETS = [
    ("św. Jana", "św. Jana Kantego", "św. Jana Bosko", "św. Jana Bożego", "św. Jana Ewangelisty", "Jana Pawła II",
     "Jana z Kolna", "Jana Kazimierza", "Jana III", "św. Jana z Dukli"),
    ("św. Stanisława", "św. Stanisława Kostki", "św. Stanisława Biskupa", "Stanisława Augusta"),
    ("św. Teresy", "św. Teresy od Dzieciątka Jezus", "Matki Teresy z Kalkuty"),
    ("św. Franciszka z Asyżu", "św. Klary z Asyżu", "św. Franciszka"),
    ("św. Jadwigi", "Królowej Jadwigi", "św. Jadwigi Śląskiej"),
    ("św. Jakuba Apostoła", "św. Tomasza Apostoła"), ("św. Łukasza Ewangelisty", "św. Jana Ewangelisty"),
    ("Kazimierza Wielkiego", "Piotra Wielkiego", "Karola Wielkiego"),
    ("Leszka Czarnego", "Zawiszy Czarnego", "Leszka Białego"),
    ("Prymasa Tysiąclecia", "Tysiąclecia"), ("3 Maja", "Konstytucji 3 Maja", "1 Maja", "Majowa"),
    ("I Armii WP", "II Armii WP", "Armii Krajowej", "Armii Ludowej"),
    ("Powstańców Śląskich", "Powstańców Wielkopolskich", "Powstańców Warszawy", "Powstania Warszawskiego"),
    ("Jana Pawła II", "Pawła VI", "Jana XXIII"), ("Pierwszej Kadrowej", "Pierwszego Maja"),
    ("Bohaterów Getta", "Bohaterów Września"), ("Wojska Polskiego", "Ludowego Wojska Polskiego"),
]  # fmt: skip


@pytest.mark.parametrize("names", SEVERAL_STREETS)
def test_different_streets_keep_different_keys(names):
    keys = [read_street(name).key for name in names]
    assert all(one != other for one, other in itertools.combinations(keys, 2)), keys


def test_what_was_delivered_stays_beside_the_key():
    assert read_street("ul. św. Jana Kantego")[:3] == ("ul.", "Kantego", "św. Jana")
    assert read_street("KRÓLA JANA III SOBIESKIEGO")[1:3] == ("Sobieskiego", "Króla Jana III")
    assert read_street("Kazimierza Wielkiego")[1:3] == ("Kazimierza Wielkiego", None)
    assert read_street("JP II").name == "JP II" and read_street("Zygmunta I Starego").name == "Zygmunta I Starego"
    assert read_street("ŚW. PIOTRA I PAWŁA")[1:3] == ("Piotra i Pawła", "św.")


@pytest.mark.parametrize("key", [key for key, *_ in ONE_STREET])
def test_the_key_of_a_key_is_itself(key):
    assert street_key(key) == key


def test_short_forms_are_folded_and_lead_to_what_no_form_changes():
    for form in street_forms():
        meant = street_key(f"{form.written} Xyz" if form.place == "before" else form.written)
        assert meant == street_key(meant)
        assert form.written.isascii() and form.written == form.written.lower()
