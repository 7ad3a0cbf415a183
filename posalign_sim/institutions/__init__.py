"""Institutions: rules that a community sets over a game. Portable, stackable, and costed."""

from posalign_sim.institutions.arbitration import Arbitration
from posalign_sim.institutions.audit import Audit
from posalign_sim.institutions.channels import Hotline
from posalign_sim.institutions.charges import PigouvianCharge
from posalign_sim.institutions.commit_reveal import CommitReveal
from posalign_sim.institutions.commitment import Bond
from posalign_sim.institutions.contracts import Contract
from posalign_sim.institutions.court import Court
from posalign_sim.institutions.eigentrust import EigenTrust
from posalign_sim.institutions.escrow import Escrow
from posalign_sim.institutions.final_offer import FinalOffer
from posalign_sim.institutions.graduated_sanctions import GraduatedSanctions
from posalign_sim.institutions.identity import Registry
from posalign_sim.institutions.information import Information
from posalign_sim.institutions.insurance import MutualInsurance
from posalign_sim.institutions.liability import Liability
from posalign_sim.institutions.mediation import Mediation
from posalign_sim.institutions.opinions import Opinions
from posalign_sim.institutions.ostracism import Ostracism
from posalign_sim.institutions.pool_punishment import PoolPunishment
from posalign_sim.institutions.precommitment import Precommitment
from posalign_sim.institutions.profit_sharing import ProfitSharing
from posalign_sim.institutions.punishment import PeerPunishment
from posalign_sim.institutions.ratings import Ratings
from posalign_sim.institutions.reputation import Reputation
from posalign_sim.institutions.single_text import SingleText
from posalign_sim.institutions.taxation import IncomeTax
from posalign_sim.institutions.tribunal import Tribunal
from posalign_sim.institutions.vesting import Vesting

__all__ = [
    "Arbitration",
    "Audit",
    "Bond",
    "CommitReveal",
    "Contract",
    "Court",
    "EigenTrust",
    "Escrow",
    "FinalOffer",
    "GraduatedSanctions",
    "Hotline",
    "IncomeTax",
    "Information",
    "Liability",
    "Mediation",
    "MutualInsurance",
    "Opinions",
    "Ostracism",
    "PeerPunishment",
    "PigouvianCharge",
    "PoolPunishment",
    "Precommitment",
    "ProfitSharing",
    "Ratings",
    "Registry",
    "Reputation",
    "SingleText",
    "Tribunal",
    "Vesting",
]
