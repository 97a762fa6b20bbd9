"""Deliveries: found, unpacked and copied aside, once, byte for byte."""
