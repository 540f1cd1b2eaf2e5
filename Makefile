# make run      builds and starts the server with demo data
# make console  builds the console and the playground, which the next build of the server embeds
# make test     all tests, on SQLite and PostgreSQL
# make bench    measures side by side with others; bench/README.md says how
# make check    what continuous integration runs

# Whether Node is there and new enough.
NODE := $(shell node -e 'const [a, b] = process.versions.node.split(".").map(Number); console.log(a > 20 || (a === 20 && b >= 19) ? "yes" : "no")' 2>/dev/null)

SOURCES := schema.graphql $(shell find console -path console/node_modules -prune -o -path console/dist -prune -o \
	-path console/src/gql -prune -o -path console/e2e -prune -o -type f -print)

.PHONY: run test bench check console console-if-possible

run: console-if-possible
	cargo run --release -- serve --demo

test: console-if-possible
	cargo test --workspace

bench:
	./bench/run

check:
	./.ci/run

console: console/dist/index.html

console/dist/index.html: console/node_modules/.package-lock.json $(SOURCES)
	cd console && npm run --silent build

console/node_modules/.package-lock.json: console/package.json console/package-lock.json
	cd console && npm ci --ignore-scripts
	touch $@

ifeq ($(NODE),yes)
console-if-possible:
	@$(MAKE) --no-print-directory console || \
		echo "the console could not be built: the server has the last one, or none" >&2
else
console-if-possible:
	@echo "no Node 20.19 or newer: the server is built without its console" >&2
endif
