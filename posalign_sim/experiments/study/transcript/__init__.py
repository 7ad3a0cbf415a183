"""What language models were asked in one world of a study, and what they said: for reviewers."""

from posalign_sim.experiments.study.transcript.command import show_transcript

__all__ = ["show_transcript"]
