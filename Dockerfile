# syntax=docker/dockerfile:1

# kustomize, the version that the tests use (test/control-plane/build.sh).
FROM golang:1.26-bookworm AS kustomize
RUN CGO_ENABLED=0 GOBIN=/out go install -trimpath -ldflags '-s -w' sigs.k8s.io/kustomize/kustomize/v5@v5.8.1

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it refuses a lockfile that names the optional binaries of some platforms only. This installs what it names.
RUN npm install --no-save --no-fund --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --no-fund --no-audit --omit=dev

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Hawser" \
      org.opencontainers.image.description="Push-to-deploy for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
# redis-server is started as a child when no REDIS_URL is set; ssh reads repositories with ssh:// URLs.
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssh-client redis-server \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node -m 0700 /data
COPY --from=kustomize /out/kustomize /usr/local/bin/kustomize
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production HAWSER_DATA_DIR=/data
# By number, so that a cluster can see that it is not root; it is the image's user "node".
USER 1000:1000
VOLUME /data
EXPOSE 9292 8080 9790
CMD ["node", "--enable-source-maps", "dist/main.js"]
