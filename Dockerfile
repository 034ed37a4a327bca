# Signoff as an image: `docker build -t signoff .`, then mount langgraph.json, your graphs and the policy file into /app.
# It needs a Redis, and the settings of .env.example; compose.yaml shows both.

FROM python:3.11-slim AS build
WORKDIR /build
# Every file is checked against the hashes of the lock. What only development needs stays behind in this stage.
COPY requirements.lock ./
RUN pip wheel --no-cache-dir --no-deps --require-hashes --requirement requirements.lock --wheel-dir /wheels
COPY pyproject.toml README.md LICENSE ./
COPY approvals/ approvals/
COPY agents/ agents/
COPY scheduler/ scheduler/
COPY bot/ bot/
COPY localslack/ localslack/
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .
RUN python -m venv /opt/signoff \
    && /opt/signoff/bin/pip install --no-cache-dir --no-index --find-links /wheels "signoff[otel,valkey]"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin signoff
COPY --from=build /opt/signoff /opt/signoff
ENV PATH=/opt/signoff/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SIGNOFF_LOG_FORMAT=json \
    SIGNOFF_HTTP=true \
    SIGNOFF_HTTP_HOST=0.0.0.0
WORKDIR /app
USER 10001
EXPOSE 8090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('SIGNOFF_HTTP_PORT', '8090') + '/healthz', timeout=4)"]
ENTRYPOINT ["signoff"]
CMD ["serve"]
