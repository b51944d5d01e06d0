# What a developer runs. `make demo` and `make test` need nothing set up by hand.
GO      ?= go
BIN     := bin/pygent
RACE    := $(shell command -v cc >/dev/null 2>&1 && echo -race)
export CGO_ENABLED ?= 0

LINT    := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUMPT   := $(GO) run mvdan.cc/gofumpt@v0.12.0
STATIC  := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build demo setup test check fuzz cross release bench generate fmt clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/pygent
	$(GO) build -trimpath -ldflags=-s -o $(BIN) ./cmd/pygent

demo: build ## see the main job work, with a scripted model: no key, no network
	@$(BIN) demo

setup: ## install and start what the tests need (as root on Debian)
	@.ci/setup

test: setup ## run all tests
	@$(MAKE) --no-print-directory test-go
	@$(MAKE) --no-print-directory test-nvim
	@$(MAKE) --no-print-directory test-vscode

.PHONY: test-nvim
test-nvim: ## test the Neovim plugin in the newest and the oldest supported Neovim
	@GO=$(GO) editors/nvim/test/run

# The race detector lets a program sleep for a second at its exit, and the tests
# start the program hundreds of times.
.PHONY: test-go
test-go:
	GORACE=atexit_sleep_ms=0 CGO_ENABLED=$(if $(RACE),1,0) $(GO) test $(RACE) -count=1 -timeout=15m ./...

.PHONY: test-vscode vsix
test-vscode: build ## run the tests of the VS Code extension in the real editor
	@editors/vscode/test/run

vsix: build ## package the VS Code extension with this platform's program inside
	cd editors/vscode && npm ci --loglevel=error && npm run --silent package

check: ## formatting, vet, linters, benchmarks (once, so that they do not rot), generated files, module files
	@test -z "$$($(FUMPT) -l .)" || { echo "gofumpt: run make fmt:"; $(FUMPT) -l .; exit 1; }
	$(GO) vet ./...
	$(STATIC) ./...
	$(LINT) run ./...
	$(GO) test -short -run='^$$' -bench=. -benchtime=1x ./...
	$(GO) generate ./...
	@git diff --exit-code -- rpc editors cmd || { echo "go generate changed files: commit them"; exit 1; }
	$(GO) mod tidy -diff
	cd editors/nvim && luacheck -q .
	node editors/nvim/test/format.mjs --check

cross: ## compile and vet for macOS and Windows
	@for os in darwin windows; do \
		echo "GOOS=$$os"; GOOS=$$os GOARCH=arm64 $(GO) build ./... && GOOS=$$os GOARCH=amd64 $(GO) vet ./... || exit 1; \
	done

fuzz: ## fuzz what reads a client's input, FUZZTIME (30s) each
	@GO=$(GO) .ci/fuzz

release: ## archives of all systems with checksums and bills of materials, in dist
	$(GO) run ./cmd/pygent/internal/release -out dist

bench: ## speed and memory, each beside a floor measured in the same run
	$(GO) test -run='^$$' -bench=. -benchmem -count=$(or $(COUNT),3) ./...

generate: ## write the protocol's generated files
	$(GO) generate ./...

fmt: ## format the code
	$(FUMPT) -w .

clean: ## remove what was built
	rm -rf bin dist build
