"""The app for gunicorn: `gunicorn -c deploy/gunicorn.conf.py bridge.wsgi:app`."""

from bridge import logs
from bridge.config import read_settings
from bridge.serving import assemble, prepared

_settings = read_settings()
logs.set_up(_settings.log_level)
app = assemble(prepared(_settings))
