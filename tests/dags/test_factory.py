"""What the tasks do with errors, without a scheduler."""

import pytest

FACTORY = """
import sys
sys.path.insert(0, "dags")
import _factory
from airflow.sdk.exceptions import AirflowFailException
from billing.errors import SourceError, WarehouseUnavailable

def kind(error):
    try:
        with _factory._only_retryable():
            raise error
    except BaseException as raised:
        return type(raised).__name__ + "|" + str(raised)

print()
print(kind(SourceError("the file is empty", source_id="krakow", file="KONTA.DAT", remedy="ask for it again")))
print(kind(WarehouseUnavailable("it does not answer")))
print(kind(ZeroDivisionError("division by zero")))
print(kind(KeyboardInterrupt()))
"""


@pytest.fixture(scope="module")
def raised(run_python):
    return run_python(FACTORY).splitlines()[-4:]


def test_an_error_that_stays_is_not_tried_again(raised):
    assert raised[0] == "AirflowFailException|krakow, KONTA.DAT: the file is empty. Remedy: ask for it again"


def test_an_error_that_may_pass_is_left_to_the_retries(raised):
    assert raised[1].startswith("WarehouseUnavailable|")


def test_a_defect_of_ours_is_not_tried_again_and_named(raised):
    assert raised[2] == "AirflowFailException|ZeroDivisionError: division by zero"


def test_an_interruption_passes_unchanged(raised):
    assert raised[3].startswith("KeyboardInterrupt|")
