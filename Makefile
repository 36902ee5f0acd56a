# make test installs what the tests talk to (Debian 12; needs root or sudo, and
# Go) and runs everything; nothing is skipped. `go test ./...` alone needs only
# Go, and says what it skips.

TOOL := go tool -modfile=tools/go.mod

.PHONY: test lint build peers fuzz demo bench
.DEFAULT_GOAL := build

test: peers lint
	PARVIS_TEST_PEERS=all CGO_ENABLED=1 go test -race -shuffle=on -timeout 20m ./...
	@# The race detector is slow, and takes memory: promises about time and size
	@# are held without it.
	PARVIS_TEST_PEERS=all go test -run '^(TestStop|TestDatabaseAway|TestRegisterOfACity)$$' ./internal/e2e ./internal/directory

lint:
	go vet ./...
	@unformatted="$$($(TOOL) gofumpt -l .)" || exit 1; \
	if [ -n "$$unformatted" ]; then echo "not formatted (gofumpt):"; echo "$$unformatted"; exit 1; fi
	$(TOOL) staticcheck ./...

build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o parvis ./cmd/parvis

peers:
	tools/peers.sh

# Every fuzz target for ten seconds.
fuzz:
	@grep -rnoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | while IFS=: read -r file _ match; do \
		echo "$$file $${match#func }"; \
		go test -run '^$$' -fuzz "^$${match#func }\$$" -fuzztime 10s "$$(dirname "$$file")" </dev/null || exit 1; \
	done

# Parvis and FreeRADIUS under the same load, five rounds: docs/performance.md.
bench:
	tools/peers.sh bench
	go test -run '^$$' -bench '^BenchmarkServers$$' -benchtime 5x -timeout 30m ./internal/e2e

demo:
	go run ./cmd/parvis demo
