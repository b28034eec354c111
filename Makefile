# A thin front of the scripts in tools/, which install what is missing and are quick the second time.
.DEFAULT_GOAL := help
.PHONY: help build run test bench soak conformance plugins install-plugins fuzz format tidy clean

help:             ## print this
	@echo "usage: make TARGET"; sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' Makefile | expand -t 22
build:            ## the gateway: build/release/sallyport
	@tools/build
run:              ## the gateway, an example plugin and an upstream on 127.0.0.1:1980, all on this machine
	@tools/run
test:             ## everything .ci/run checks; PHASES="release asan" runs only those
	@tools/test $(PHASES)
bench:            ## measure against nginx, plugins by themselves, fairness, many connections: tables, goals, JSON in build/bench
	@tools/bench-all $(if $(QUICK),--quick)
soak:             ## ten minutes of mixed traffic while plugins, routes and settings change
	@tools/soak
conformance:      ## corpora, h2spec, Autobahn and gRPC interop on both loops; SUITES="h2spec grpc" runs only those
	@tools/conformance $(SUITES)
plugins:          ## the example plugins: build/plugins/NAME-LANG.wasm
	@tools/install-packages plugins && tools/build-plugins
install-plugins:  ## put the built plugins into $(DESTDIR)/opt/apisix/wasm
	@DESTDIR=$(DESTDIR) tools/install-plugins
fuzz:             ## search for new inputs that break a parser; SECONDS=60 for each
	@tools/fuzz $(SECONDS)
format:           ## bring the sources into the form of .clang-format
	@tools/format
tidy:             ## clang-tidy over all of src/
	@tools/tidy all
clean:            ## remove build/, but not what is cached outside of it
	rm -rf build
