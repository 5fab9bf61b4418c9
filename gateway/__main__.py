"""`python -m gateway` is `passerelle`."""

from gateway.command_line import app

app(prog_name="passerelle")
