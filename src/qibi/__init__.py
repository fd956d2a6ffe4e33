"""qibi keeps a points ledger for teams that are scored every week."""

__version__ = "0.1.0"
