# Stands in for the image of NATS where that cannot be had: Debian's server, of the same minor version.
FROM debian:trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends nats-server \
 && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["nats-server"]
