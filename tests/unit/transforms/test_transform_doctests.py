"""Every example in the modules' docstrings runs."""

import doctest
import importlib
import pkgutil

import pytest

import transforms

MODULES = [m.name for m in pkgutil.iter_modules(transforms.__path__, "transforms.") if m.name != "transforms.identity"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_there_are_examples():
    tests = sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES)
    assert tests > 60
