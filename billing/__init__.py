"""The shared kernel: the field catalogue, source specs, lineage, money, errors and settings.

Every other package may import this one; it imports none of them.
"""
