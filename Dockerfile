# The production server. The tests run these very steps as a script: tests/ship/image.py.
# The tag is pinned by nothing but its name: a digest has to be looked up where images are pulled from, and belongs here
# (python:3.11-slim-bookworm@sha256:…) in your copy: docker buildx imagetools inspect python:3.11-slim-bookworm
FROM python:3.11-slim-bookworm

# What is compiled at run time would be lost with the container, and lines of the log must not wait in a buffer.
ENV PYTHONDONTWRITEBYTECODE=1
ENV PYTHONUNBUFFERED=1
ENV FLASK_APP=backend.server
ENV HOST=0.0.0.0
ENV PORT=3001

WORKDIR /app

# First what seldom changes.
COPY requirements/run.lock requirements/run.lock
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.lock
# What is in it, for whoever has to know: CycloneDX.
COPY requirements/sbom.json requirements/sbom.json

COPY backend backend

# nobody: it owns nothing, here or on the machine.
USER 65534:65534

EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=2)"]

# Without a shell in between, so that the signal reaches the server: it finishes what is in flight.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "backend/gunicorn.conf.py", "backend.server:create_app()"]
