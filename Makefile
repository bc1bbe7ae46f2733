# What people do with Mizan. Every target works on a fresh clone; what is missing is installed by tools/install.
.PHONY: help install build release demo up down test lint bench pictures sqlx

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: ## PostgreSQL, NATS, Redis, Chromium, where they are missing
	@tools/install

build: install ## the binaries that the demo uses, quick to build
	cargo build -p mizan -p loadtest

release: install ## the binaries as they ship
	cargo build --release -p mizan -p loadtest

demo: build ## the platform's main job end to end, checked from the outside
	target/debug/demo run

up: build ## everything running, with links; make down ends it
	target/debug/demo up

down: ## ends what make up started
	target/debug/demo down

test: install lint ## all tests, on private servers
	cargo build --workspace --all-targets
	cargo run -q -p testkit -- run -- cargo test --workspace --no-fail-fast

lint: ## format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

bench: release ## the figures of docs/performance.md
	target/release/bench

pictures: install ## the bill pages in docs/pictures anew, by the system's Chromium
	rm -f docs/pictures/bill-en.png docs/pictures/bill-ar.png
	cargo run -q -p testkit -- run -- cargo test -q -p portal --test it picture

sqlx: install ## are the committed descriptions of all checked queries true?
	tools/sqlx-prepare --check
