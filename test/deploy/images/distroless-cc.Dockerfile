# Stands in for gcr.io/distroless/cc-debian13:nonroot where that cannot be had: the same Debian packages, unpacked and not set up, and the
# few files that the distroless project adds to them (its static, base and cc images; github.com/GoogleContainerTools/distroless).
FROM debian:trixie-slim AS packages
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /debs
RUN apt-get update \
 && apt-get download base-files netbase tzdata media-types ca-certificates \
      libc6 libssl3t64 libzstd1 zlib1g libgomp1 libstdc++6 libgcc-s1 gcc-14-base \
 && mkdir /ca /image \
 && dpkg-deb -x ca-certificates_*.deb /ca \
 && rm ca-certificates_*.deb \
 && for deb in *.deb; do dpkg-deb -x "$deb" /image; done
WORKDIR /image
RUN mkdir -p etc/ssl/certs \
 && find /ca/usr/share/ca-certificates -name '*.crt' -exec cat {} + > etc/ssl/certs/ca-certificates.crt \
 && printf '%s\n' root:x:0: nobody:x:65534: tty:x:5: staff:x:50: nonroot:x:65532: > etc/group \
 && printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
      nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin > etc/passwd \
 && printf 'hosts: files dns\n' > etc/nsswitch.conf \
 && install -d -m 700 root && install -d -m 700 -o 65532 -g 65532 home/nonroot && install -d -m 1777 tmp

FROM scratch
COPY --from=packages /image /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
WORKDIR /home/nonroot
