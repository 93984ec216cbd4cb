"""An epoch's way from poll result to published tiers: each arrow is one service with a guard and a ledger entry.

draft -> imported -> mapped -> planned -> approved -> applied -> announced -> (rolled back). Every service takes the
governance lock first and writes in one transaction: whatever fails, nothing of the step is left.
"""

from registry.services.epochs.actors import CATALOGUE, PERMISSIONS, Actor, actor_for
from registry.services.epochs.announce import announce_epoch
from registry.services.epochs.apply import apply_plan
from registry.services.epochs.approve import approve_plan
from registry.services.epochs.create import choose_policy, create_epoch
from registry.services.epochs.errors import (
    BadValue,
    EpochRefused,
    NoSuchEpoch,
    NoSuchPlan,
    NotAllowed,
    OpenQuestions,
    OutOfOrder,
    PollConflict,
    RollbackRefused,
    StalePlan,
    Unmapped,
    WrongState,
)
from registry.services.epochs.guards import Step, next_steps
from registry.services.epochs.imports import ImportReport, import_poll, remove_poll
from registry.services.epochs.mapping import map_choice, set_target, suggestions
from registry.services.epochs.moves import CHANGES
from registry.services.epochs.plan import plan_epoch
from registry.services.epochs.results import poll_result
from registry.services.epochs.rollback import plan_rollback
from registry.services.epochs.state import export_state, state_digest
from registry.services.epochs.what_if import what_if
from registry.services.epochs.why import why
from registry.services.lock import governance_lock

__all__ = [
    "CATALOGUE",
    "CHANGES",
    "PERMISSIONS",
    "Actor",
    "BadValue",
    "EpochRefused",
    "ImportReport",
    "NoSuchEpoch",
    "NoSuchPlan",
    "NotAllowed",
    "OpenQuestions",
    "OutOfOrder",
    "PollConflict",
    "RollbackRefused",
    "StalePlan",
    "Step",
    "Unmapped",
    "WrongState",
    "actor_for",
    "announce_epoch",
    "apply_plan",
    "approve_plan",
    "choose_policy",
    "create_epoch",
    "export_state",
    "governance_lock",
    "import_poll",
    "map_choice",
    "next_steps",
    "plan_epoch",
    "plan_rollback",
    "poll_result",
    "remove_poll",
    "set_target",
    "state_digest",
    "suggestions",
    "what_if",
    "why",
]
