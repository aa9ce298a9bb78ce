"""How gunicorn serves Bridge on a platform. PORT and WEB_CONCURRENCY it reads by itself."""

import sys
from pathlib import Path

# gunicorn reads this before it puts the working directory on the path, and a platform that only
# installs the requirements has no other copy of Bridge.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bridge.gunicorn_settings import OPTIONS

globals().update(OPTIONS)
