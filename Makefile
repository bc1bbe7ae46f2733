# What people do with Mizan. Every target works on a fresh clone; what is missing is installed by tools/install.
.PHONY: help install build release image demo up down test lint e2e-k8s bench bench-posting crash bugs pictures sqlx sim mutants

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: ## PostgreSQL, NATS, Redis, Chromium, promtool, where they are missing
	@tools/install

build: install ## the binaries that the demo uses, quick to build
	cargo build -p mizan -p loadtest

release: install ## the binaries as they ship
	cargo build --release -p mizan -p loadtest

image: ## the container image and its bill of materials, in target/image
	tools/image $(ARGS)

demo: build ## the platform's main job end to end, checked from the outside
	target/debug/demo run

up: build ## everything running, with links; make down ends it
	target/debug/demo up

down: ## ends what make up started
	target/debug/demo down

test: install lint ## all tests, on private servers
	cargo build --workspace --all-targets
	cargo run -q -p testkit -- run -- cargo test --workspace --no-fail-fast
	tools/check-pdf
	tools/check-telemetry
	@$(MAKE) --no-print-directory bugs

lint: ## format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

e2e-k8s: ## the chart on a real cluster, if there is one: make e2e-k8s CHAPTERS="upgrade faults"
	tools/e2e-k8s $(CHAPTERS)

bench: release ## the figures of docs/performance.md; PARTS="platform payment million demo" for some of them
	target/release/bench $(PARTS)

bench-posting: release ## the posting engine beside pgbench and cala-ledger
	cd bench-posting && cargo run -q --release -- $(or $(ARGS),--stored 5000000)

crash: build ## kill -9 of payments and of Postgres under load: make crash ROUNDS=200
	target/debug/crash --rounds $(or $(ROUNDS),200) $(if $(SEED),--seed $(SEED))

bugs: install ## each bug seed takes a rule away, and the test it names must fail
	cargo run -q -p testkit -- run -- tools/bug-seeds $(SEEDS)

pictures: install ## bill pages and documents in docs/pictures anew, by the system's Chromium and poppler
	rm -f docs/pictures/*.png
	cargo run -q -p testkit -- run -- cargo test -q -p portal --test it picture
	cargo run -q -p testkit -- run -- cargo test -q -p invoicing --test it documents::the_same_question

sqlx: install ## are the committed descriptions of all checked queries true?
	tools/sqlx-prepare --check

sim: ## the payments domain under seeded faults: make sim SEEDS=10000, make sim SEED=7
	$(if $(SEED),MIZAN_SIM_SEED=$(SEED)) MIZAN_SIM_SEEDS=$(or $(SEEDS),2000) cargo test -q -p payments --test sim

mutants: ## small changes of the payments domain, one by one: a test must notice each; an hour or two
	@cargo mutants --version >/dev/null 2>&1 || cargo install cargo-mutants --locked --version 27.1.0
	@mkdir -p target/mutants
	cargo mutants $(ARGS)
