# What a developer runs. `make demo` and `make test` need nothing set up by hand.
GO      ?= go
BIN     := bin/pygent
RACE    := $(shell command -v cc >/dev/null 2>&1 && echo -race)
export CGO_ENABLED ?= 0

LINT    := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUMPT   := $(GO) run mvdan.cc/gofumpt@v0.12.0

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
# start the program hundreds of times. Tests that wait run four at a time. Packages
# of one goroutine need no race detector; release takes ten times as long with it.
PLAIN   := ./cmd/pygent/internal/release
TEST    := test -count=1 -timeout=15m -parallel=4
.PHONY: test-go
test-go:
	GORACE=atexit_sleep_ms=0 CGO_ENABLED=$(if $(RACE),1,0) $(GO) $(TEST) $(RACE) $$($(GO) list ./... | grep -vxF "$$($(GO) list $(PLAIN))")
	$(GO) $(TEST) $(PLAIN)

.PHONY: test-vscode vsix
test-vscode: build ## run the tests of the VS Code extension in the real editor
	@editors/vscode/test/run

vsix: build ## package the VS Code extension with this platform's program inside
	cd editors/vscode && npm ci --loglevel=error && npm run --silent package

check: lint bench-once generated ## formatting, vet, linters, benchmarks (once, so that they do not rot), generated files, module files

# The linter has staticcheck, with the checks that the program itself has by default.
.PHONY: lint bench-once generated
lint:
	@test -z "$$($(FUMPT) -l .)" || { echo "gofumpt: run make fmt:"; $(FUMPT) -l .; exit 1; }
	$(GO) vet ./...
	$(LINT) run ./...
	$(GO) mod tidy -diff
	cd editors/nvim && luacheck -q .
	node editors/nvim/test/format.mjs --check

bench-once:
	$(GO) test -short -run='^$$' -bench=. -benchtime=1x ./...

generated:
	$(GO) generate ./...
	@git diff --exit-code -- rpc editors cmd || { echo "go generate changed files: commit them"; exit 1; }

# No file is for an architecture of these systems alone, so one of each will do.
cross: ## compile and vet for macOS and Windows
	@for on in darwin/arm64 windows/amd64; do \
		echo "$$on"; export GOOS=$${on%/*} GOARCH=$${on#*/}; $(GO) build ./... && $(GO) vet ./... || exit 1; \
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
