# Every command of the project. Nothing else need be typed before `make demo` or `make test` but a clone.
# Node 24 comes from npm, so it is node_modules/.bin/node everywhere, whatever `node` on PATH is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE := node_modules/.bin/node

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: setup
setup: ## Install what is missing: git, Redis, npm packages, the control plane's binaries
	@scripts/setup.sh

.PHONY: packages
packages:
	@scripts/setup.sh packages

.PHONY: check
check: packages ## Types, lint, architecture, dead code, generated files; under a minute
	@npm run --silent check

.PHONY: test
test: setup ## All that CI runs: the checks, then every test against real servers
	@test/control-plane/build-flux.sh >/dev/null
	@npm run --silent check
	@$(NODE) test/run.ts all

.PHONY: demo
demo: setup ## Start everything and show the tutorial; CI=1 exits after the story
	@$(NODE) demo/demo.ts

.PHONY: bench
bench: setup ## Measure a push from hook to commit status, and how soon drift is put back
	@$(NODE) bench/run.ts

.PHONY: generate
generate: packages ## Write CRDs, install.yaml and the generated parts of the documents
	@npm run --silent generate

.PHONY: build
build: packages ## Compile src to dist
	@npm run --silent build

.PHONY: clean
clean: ## Remove what build, tests and local runs left; packages and binaries stay
	@rm -rf dist coverage .hawser
