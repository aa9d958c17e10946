"""Every action of every step: importing this registers them, for the doors."""

from muster.custody import actions as custody
from muster.record.action import ACTIONS, find

__all__ = ["ACTIONS", "custody", "find"]
