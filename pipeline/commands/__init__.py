"""The commands of `blueline`, one subject a module."""
