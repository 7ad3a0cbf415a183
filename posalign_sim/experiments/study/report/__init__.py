"""The report of a study: verdicts, tables, figures, texts, and the page that holds them."""

from posalign_sim.experiments.study.report.terminal import terminal_table
from posalign_sim.experiments.study.report.writing import write_report

__all__ = ["terminal_table", "write_report"]
