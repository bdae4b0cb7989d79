"""A stand-in for the API of Devin: a real HTTP server with an organisation that lives."""

from .clock import DemoClock
from .faults import Fault
from .serving import DemoServer
from .settings import Settings
from .world import World

__all__ = ["DemoClock", "DemoServer", "Fault", "Settings", "World"]
