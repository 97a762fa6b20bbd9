"""One row of comparable evidence per subscriber record.

Everything that identity may look at is brought into one table here, once, so that what counts as evidence is
decided in one place:

* identifiers count only with the status `ok` or `repaired`; a filler, a suspect or an unparsed one is no evidence;
* a person's birth date is the one in the valid PESEL, else the delivered one; the placeholder dates of old systems
  (1900-01-01 and its kin) are none.  Whether a date was delivered beside the PESEL is kept apart (`birth_given`),
  because a date taken from a PESEL cannot confirm that PESEL;
* surnames are compared as a set of parts (`NOWAK KOWALSKA` = `KOWALSKA NOWAK`), with -SKA/-CKA/-DZKA folded to
  -SKI/-CKI/-DZKI, for comparing only;
* all addresses of a subscriber, whatever their roles, become four lists (keys of dwelling, building and street, and
  names of places), because sources confuse roles and a match in any role is a match.

Records are numbered in the order of `source_id|subscriber_key`, so that results do not depend on the order in which
files or rows arrive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from billing.errors import ContractError

USABLE = "('ok', 'repaired')"
PLACEHOLDER_DATES = ("1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1970-01-01", "9999-12-31")
DEFAULT_TRUST = 5


def record_id(source_id: str, subscriber_key: str) -> str:
    """How a subscriber record is named across sources.

    >>> record_id("krakow", "K-17")
    'krakow|K-17'
    """
    return f"{source_id}|{subscriber_key}"


def collect_evidence(
    con: duckdb.DuckDBPyConnection, subscribers: Sequence[str], addresses: Sequence[str], trust: Mapping[str, int]
) -> int:
    """Build the tables `subscriber` (view), `trust` and `evidence` in `con`.

    Args:
        con: Connection that holds the tables; what does not fit its memory limit goes to its temp directory.
        subscribers: Parquet files of normalised subscribers.
        addresses: Parquet files of normalised addresses; may be empty.
        trust: Rank per source, 1 = most trusted.

    Returns:
        Number of records.

    Raises:
        ContractError: A subscriber key occurs twice in its source.
    """
    con.execute(f"CREATE OR REPLACE VIEW subscriber AS SELECT * FROM {_parquet(subscribers)}")
    con.execute("CREATE OR REPLACE TABLE trust (source_id VARCHAR, trust INTEGER)")
    if trust:
        con.executemany("INSERT INTO trust VALUES (?, ?)", [list(item) for item in sorted(trust.items())])
    con.execute(_RECORDS_SQL)
    _refuse_double_keys(con)
    con.execute(_addresses_sql(addresses))
    con.execute(_SURNAMES_SQL)
    con.execute(_EVIDENCE_SQL)
    con.execute("DROP TABLE place_keys")
    con.execute("DROP TABLE surname")
    return _count(con, "evidence")


def _parquet(files: Sequence[str]) -> str:
    names = ", ".join("'" + str(name).replace("'", "''") + "'" for name in files)
    return f"read_parquet([{names}], union_by_name = true)"


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
    return int(row[0])


def _refuse_double_keys(con: duckdb.DuckDBPyConnection) -> None:
    twice = con.execute(
        "SELECT source_id, subscriber_key FROM record GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchall()
    if twice:
        source_id, key = twice[0]
        raise ContractError(
            f"subscriber key {key!r} occurs more than once",
            source_id=source_id,
            remedy="reject duplicated keys before identity",
        )


_RECORDS_SQL = """
CREATE OR REPLACE TABLE record AS
SELECT row_number() OVER (ORDER BY source_id || '|' || subscriber_key) AS record, source_id, subscriber_key
FROM subscriber
"""

# A surname's parts, gendered adjectival endings folded, in alphabetical order; worked out once per different surname.
_SURNAMES_SQL = """
CREATE OR REPLACE TABLE surname AS
SELECT last_name_key, list_sort(list_distinct(list_transform(
    list_filter(regexp_split_to_array(upper(last_name_key), '[^A-Z0-9]+'), lambda part: length(part) > 0),
    lambda part: CASE WHEN length(part) > 4 THEN regexp_replace(part, '(S|C|DZ)KA$', '\\1KI') ELSE part END
))) AS last_parts
FROM (SELECT DISTINCT last_name_key FROM subscriber WHERE last_name_key IS NOT NULL)
"""

# Century and month of a PESEL share two digits: the 19th century adds 80, the 20th nothing, the 21st 20, and so on.
_PESEL_BIRTH = """
try_cast(
    (CASE pesel[3]::INTEGER // 2 WHEN 4 THEN '18' WHEN 0 THEN '19' WHEN 1 THEN '20' WHEN 2 THEN '21' ELSE '22' END)
    || pesel[1:2] || '-' || lpad(((pesel[3]::INTEGER % 2) * 10 + pesel[4]::INTEGER)::VARCHAR, 2, '0')
    || '-' || pesel[5:6] AS DATE)
"""

_EVIDENCE_SQL = f"""
CREATE OR REPLACE TABLE evidence AS
WITH usable AS (
    SELECT
        r.record, r.source_id, r.subscriber_key,
        CASE WHEN kind IN ('company', 'institution') THEN 'organisation'
             -- a trade name with a NIP and nothing of the person is a business, whoever runs it
             WHEN company_key IS NOT NULL AND pesel IS NULL AND birth_date IS NULL
                  AND (last_name_key IS NULL OR nip IS NOT NULL) THEN 'organisation'
             ELSE 'person' END AS class,
        nullif(trim(upper(first_name_key)), '') AS first_name,
        last_parts,
        nullif(trim(upper(company_key)), '') AS company,
        CASE WHEN pesel_status IN {USABLE} AND regexp_full_match(pesel, '[0-9]{{11}}') THEN pesel END AS pesel,
        CASE WHEN nip_status IN {USABLE} THEN nip END AS nip,
        CASE WHEN regon_status IN {USABLE} THEN left(regon, 9) END AS regon,
        -- a kind of document that has no rule stays `unparsed`; what its rule refuses is no evidence
        CASE WHEN coalesce(document_status, 'ok') NOT IN ('suspect', 'filler', 'missing')
             THEN nullif(regexp_replace(upper(document), '[^A-Z0-9]', '', 'g'), '') END AS document_no,
        document_kind,
        CASE WHEN birth_date::VARCHAR NOT IN {PLACEHOLDER_DATES} THEN birth_date END AS birth_given,
        CASE WHEN phone_status IN {USABLE} THEN phone END AS phone,
        CASE WHEN email_status IN {USABLE} THEN lower(email) END AS email,
        sex,
        updated_on
    FROM subscriber AS s JOIN record AS r USING (source_id, subscriber_key) LEFT JOIN surname USING (last_name_key)
)
SELECT
    u.record, u.source_id, u.subscriber_key, u.class,
    CASE WHEN class = 'person' THEN first_name END AS first_name,
    CASE WHEN class = 'person' AND len(last_parts) > 0 THEN array_to_string(last_parts, ' ') END AS last_name,
    CASE WHEN class = 'person' AND len(last_parts) > 0 THEN last_parts END AS last_parts,
    CASE WHEN class = 'organisation' THEN company END AS company,
    CASE WHEN class = 'person' THEN pesel END AS pesel,
    nip,
    CASE WHEN class = 'organisation' THEN regon END AS regon,
    -- the plastic identity card has a shape of its own; a passport looks like the old booklet, so there the kind
    -- counts; short numbers are often counters
    CASE WHEN class <> 'person' OR length(document_no) < 6 THEN NULL
         WHEN regexp_full_match(document_no, '[A-Z]{{3}}[0-9]{{6}}') THEN document_no
         ELSE coalesce(document_kind, 'other') || ':' || document_no END AS document,
    CASE WHEN class = 'person' THEN coalesce(CASE WHEN pesel IS NOT NULL THEN {_PESEL_BIRTH} END, birth_given) END
        AS birth_date,
    CASE WHEN class = 'person' THEN birth_given END AS birth_given,
    CASE WHEN class = 'person' THEN sex END AS sex,
    phone, email,
    p.dwelling, p.building, p.street, p.place,
    coalesce(t.trust, {DEFAULT_TRUST}) AS trust, u.updated_on
FROM usable AS u
LEFT JOIN place_keys AS p USING (record)
LEFT JOIN trust AS t USING (source_id)
"""


def _addresses_sql(addresses: Sequence[str]) -> str:
    """Four lists per subscriber, from the most to the least exact place; the last one by name, for its frequency.

    A dwelling without a street is its locality's number (villages); a locality is named by its postal code only where
    its name is missing, because codes are shared by villages and mistyped more often than names.
    """
    if not addresses:
        return """
        CREATE OR REPLACE TABLE place_keys (
            record BIGINT, dwelling UBIGINT[], building UBIGINT[], street UBIGINT[], place VARCHAR[])
        """
    return f"""
    CREATE OR REPLACE TABLE place_keys AS
    WITH part AS (
        SELECT source_id, subscriber_key,
            nullif(coalesce(nullif(upper(locality_key), ''), postal_code), '') AS place,
            nullif(upper(street_key), '') AS street,
            nullif(upper(building), '') AS building,
            nullif(upper(flat), '') AS flat
        FROM {_parquet(addresses)}
    ),
    keyed AS (
        SELECT record,
            CASE WHEN place IS NOT NULL AND building IS NOT NULL THEN hash(place, street, building, flat) END
                AS dwelling,
            CASE WHEN place IS NOT NULL AND building IS NOT NULL THEN hash(place, street, building) END AS building,
            CASE WHEN place IS NOT NULL AND street IS NOT NULL THEN hash(place, street) END AS street,
            place
        FROM part JOIN record USING (source_id, subscriber_key)
    )
    SELECT record,
        list(dwelling) FILTER (dwelling IS NOT NULL) AS dwelling,
        list(building) FILTER (building IS NOT NULL) AS building,
        list(street) FILTER (street IS NOT NULL) AS street,
        list(DISTINCT place ORDER BY place) FILTER (place IS NOT NULL) AS place
    FROM keyed GROUP BY record
    """
