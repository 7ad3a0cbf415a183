"""Contracts: who signs pays for a breach, to whom it harmed."""

from __future__ import annotations

import numpy as np

from posalign_sim.institutions.agreements import (
    all_in,
    announce_stake,
    forget_assured,
    gain_of_keeping,
    make_good,
    mutual_gain,
    mutual_price,
    show_stake,
    tell_assured,
    vouching_gain,
    vouching_price,
)
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.draws import either
from posalign_sim.world.fields import Flags, Ints, param, per_agent, per_identity, scalar, table
from posalign_sim.world.modules import KEEP, LEAVE, Decision, Institution
from posalign_sim.world.record import World, face, meetings, seats

DECLINE, SIGN = 0, 1


class Contract(Institution):
    """Who signs pays `transfer` to whom its breach harms, or is held to its word altogether.

    Before they act all choose at once to sign or to decline. A contract is `conditional` (1): in
    force for a seat only if all at its table (on a network: itself and all its neighbours) have
    signed; or unilateral (0): in force for whoever has signed. It lasts for the round. Who breaches
    while it is in force pays `transfer` for each act that is proven, once: found by an arbiter
    before this institution in the stack, or evident by itself, with probability `evident`. What an
    act towards a whole table costs is split among the others there, to the minor unit. With
    `binding` 1 whoever it is in force for cannot break its word (where the game has one to break).

    What is a breach: a promise not kept; in a dilemma, a defection. Mistakes are breaches too,
    unless the contract is binding and nothing comes between.

    In a prisoner's dilemma, both bound and breaches evident, cooperation is weakly dominant iff
    `transfer` >= max(T - R, P - S).

    At stake: what a table that keeps its word earns beyond one that breaks it, if the transfer
    deters all there; else the transfers. Of a unilateral contract: the deal, for who is relied on,
    against the breach given up. By default a seat signs if that pays.

    Tells: everyone, who is bound and what a breach costs it; each seat, how many of the others are
    held to their word. Costs: `fee` a signature, burnt.

    Source: Coase (1960), Journal of Law and Economics 3; Jackson & Wilkie (2005), Review of
    Economic Studies 72 (side payments); Hughes et al. (2020), AAMAS, and Haupt et al. (2022),
    NeurIPS (formal contracts between learners).
    Answers: section 5.3 of Laukkonen et al. (2026), verifiable commitment devices.

    >>> Contract(transfer=3).values["transfer"].item()
    3.0
    """

    needs = ("interactions", "breach")

    transfer: float = param(3.0, 0, 1e6, "points", "what a breach costs, paid to whom it harmed")
    evident: float = param(1.0, 0, 1, "probability", "that a breach proves itself")
    conditional: float = param(1, 0, 1, "0 or 1", "1: in force only where all have signed")
    binding: float = param(0, 0, 1, "0 or 1", "1: who is bound cannot break its word")
    fee: float = param(0.05, 0, 1e6, "points", "of a signature, for a round")
    likely: float = scalar()
    signed: Flags = per_agent(np.uint8)
    bound: Flags = per_identity(np.uint8)
    answered: Flags = table(np.uint8, "interactions")
    signatures: Ints = per_agent(np.int64, outcome=True)
    in_force: Ints = per_agent(np.int64, outcome=True)

    sign = Decision(
        "agree",
        ("decline", "sign"),
        summary="Sign the contract for this round: who breaks its word pays whom it harms?",
    )

    @staticmethod
    def announce(w: World, own: Contract) -> None:
        own.likely = either(w.sight.found_if_breach[own.place], own.evident)
        announce_stake(w, own)

    @staticmethod
    def publish(w: World, own: Contract) -> None:
        forget_assured(w)

    @staticmethod
    def who_sign(w: World, own: Contract, i: int) -> bool:
        return meetings(w, i) > 0

    @staticmethod
    def stakes_sign(w: World, own: Contract, i: int) -> tuple[float, float, float, float]:
        p = w.sight
        penalty = own.likely * own.transfer
        if own.conditional == 1:
            if own.binding == 1:
                return gain_of_keeping(p, i), own.fee, 0.0, 0.0
            return mutual_gain(p, i, penalty), own.fee + mutual_price(p, i, penalty), 0.0, 0.0
        if own.binding == 1:
            penalty = max(penalty, p.temptation[i])
        return vouching_gain(p, i, penalty), own.fee + vouching_price(p, i, penalty), 0.0, 0.0

    @staticmethod
    def after_sign(w: World, own: Contract) -> None:
        for m in range(w.identities):
            own.bound[m] = 0
        for i in seats(w):
            own.signed[i] = 1 if own.sign[i] == SIGN and governed(w, own, face(w, i)) else 0
        for i in seats(w):
            if own.signed[i] == 0:
                continue
            pay(w, face(w, i), COST, own.fee)
            own.signatures[i] += 1
            if own.conditional == 0 or all_in(w, own.signed, i):
                m = answers(w, own, face(w, i))
                own.bound[m] = 1
                own.in_force[i] += 1
                show_stake(w, own, m, own.transfer)
        if own.binding == 1:
            tell_assured(w, own, own.bound)

    @staticmethod
    def overrule(w: World, own: Contract, i: int) -> int:
        return KEEP if own.binding == 1 and own.bound[face(w, i)] else LEAVE

    @staticmethod
    def redress(w: World, own: Contract) -> None:
        make_good(w, own, own.transfer)

    @staticmethod
    def withdraw(w: World, own: Contract) -> None:
        forget_assured(w)
