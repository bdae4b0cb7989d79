"""The demo API alone, until somebody says stop."""

from threading import Event

import typer

from sources.devin.errors import ConfigurationError

from .demo_api import DemoServer, World

DAY = 86_400


def serve(port: int, sessions: int, seed: int) -> None:
    """Serve the made-up organisation until a KeyboardInterrupt, and say how to sync it.

    Args:
        port: Port on loopback; 0 for any.
        sessions: Sessions of the organisation.
        seed: Another seed, another organisation.

    Raises:
        ConfigurationError: The port is taken.
    """
    world = World.build(sessions, seed=seed)
    try:
        server = DemoServer(world, port=port)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} cannot be used: {error.strerror}", "Name another one with --port."
        ) from error
    with server:
        typer.echo(_instructions(server, sessions))
        try:
            Event().wait()
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)


def _instructions(server: DemoServer, sessions: int) -> str:
    address = server.base_url
    return (
        f"The demo API serves {sessions:,} sessions at {address} until Ctrl-C. "
        "In another terminal:\n\n"
        f"  export SOURCES__DEVIN__BASE_URL={address}\n"
        f"  export SOURCES__DEVIN__API_KEY={server.settings.token}\n"
        "  devin-elt sync\n\n"
        "Its clock stands still until you move it, here by a day:\n\n"
        f"  curl -X POST {address}/demo/advance -d '{{\"seconds\": {DAY}}}'"
    )
