# kptui with what it reads a host by. Two images from one file:
#
#   docker build -t kptui .                     not root: for dumps, bundles, ssh: and kubectl: (mount ~/.kube and kubectl)
#   docker build -t kptui:node --target node .  root: for the node that it is put on, which only root may read:
#   kubectl debug node/NODE -it --image=kptui:node --profile=netadmin -- kptui
#
# Nothing listens, nothing is written; a node's rules are only read.

FROM python:3.12-slim-bookworm AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY kptui kptui
COPY grammar grammar
COPY samples samples
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.12-slim-bookworm AS node
RUN apt-get update \
    && apt-get install -y --no-install-recommends conntrack iproute2 ipset iptables nftables procps \
    && rm -rf /var/lib/apt/lists/*
# There is one version of each in /wheels, and nothing else is asked.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links=/wheels kptui
ENTRYPOINT []
CMD ["kptui"]

FROM node AS kptui
RUN useradd --uid 65532 --create-home kptui
USER 65532:65532
WORKDIR /home/kptui
ENTRYPOINT ["kptui"]
CMD ["--help"]
