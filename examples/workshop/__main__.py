"""The workshop on this machine: http://localhost:8000, with a mail server that prints what it is sent."""

import os

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Debugging
from examples.workshop.app import application

DATABASE = os.environ.get("WORKSHOP_DB", "sqlite+aiosqlite:///workshop.db")

mail_server = Controller(Debugging(), hostname="localhost", port=1025)
mail_server.start()
try:
    uvicorn.run(application(DATABASE), port=8000)
finally:
    mail_server.stop()
