"""Findings become a report: one page, its tables and figures as files, and `findings.json`, all or nothing."""

from .report import write_report

__all__ = ["write_report"]
