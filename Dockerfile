# syntax=docker/dockerfile:1
# One image for every service: which one runs is its command. No build step: Node 24 runs the sources (docs/decisions/0001).
# The embedded store (540 MB) and the npm package `node` are left out: a cluster has a ClickHouse server, and the image has its Node.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/bittorrent/package.json packages/bittorrent/
COPY packages/bus/package.json packages/bus/
COPY packages/events/package.json packages/events/
COPY packages/lab/package.json packages/lab/
COPY packages/runtime/package.json packages/runtime/
COPY packages/store/package.json packages/store/
COPY services/alerter/package.json services/alerter/
COPY services/cli/package.json services/cli/
COPY services/dht-crawler/package.json services/dht-crawler/
COPY services/ingest/package.json services/ingest/
COPY services/swarm-prober/package.json services/swarm-prober/
COPY services/web/package.json services/web/
COPY dashboards/package.json dashboards/
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node node_modules/.bin/node

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
# The sources belong to root and are only read; state goes to /data (a volume).
COPY --from=dependencies /app ./
COPY packages packages
COPY services services
COPY dashboards/definitions dashboards/definitions
COPY package.json LICENSE ./
RUN mkdir /data /pseudonyms && chown node:node /data /pseudonyms
USER node
VOLUME /data
ENTRYPOINT ["node"]
CMD ["services/cli/src/main.ts", "--help"]
