# make run    builds and starts the server with demo data
# make test   all tests, on SQLite and PostgreSQL
# make bench  measures side by side with others; bench/README.md says how
# make check  what continuous integration runs

.PHONY: run test bench check

run:
	cargo run --release -- serve --demo

test:
	cargo test --workspace

bench:
	./bench/run

check:
	./.ci/run
