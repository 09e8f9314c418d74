# docker build -t influenced .
# docker run -p 8080:8080 -v influenced:/data -e INFLUENCED_TOKEN="$(openssl rand -hex 32)" influenced
#
# The container listens on every address, so the server refuses to start without a token
# (INFLUENCED_TOKEN, or INFLUENCED_TOKEN_FILE with a mounted secret). The database is
# /data/influenced.sqlite; data sets are read below /data/datasets.

FROM swift:6.3-bookworm AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends libopenblas-dev libsqlite3-dev pkg-config \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product influenced --static-swift-stdlib \
  && install -D --strip "$(swift build -c release --show-bin-path)/influenced" /out/influenced

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends curl libopenblas0-pthread libsqlite3-0 libstdc++6 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin influenced \
  && install -d -o influenced -g influenced /data /data/datasets
COPY --from=build /out/influenced /usr/local/bin/influenced
COPY LICENSE Sources/CResources/ORIGINS.md /usr/share/doc/influenced/
USER influenced
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENV INFLUENCED_HOST=0.0.0.0 \
  INFLUENCED_PORT=8080 \
  INFLUENCED_DATABASE=/data/influenced.sqlite \
  INFLUENCED_DATA_DIRECTORY=/data/datasets
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD curl -fsS -o /dev/null "http://127.0.0.1:${INFLUENCED_PORT}/healthz" || exit 1
STOPSIGNAL SIGTERM
ENTRYPOINT ["influenced"]
CMD ["serve"]
