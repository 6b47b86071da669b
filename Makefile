# SPDX-License-Identifier: GPL-2.0-or-later
# The one Makefile: what is built is declared in */*.mk, how it is built stands here. `make help` explains.

MAKEFLAGS += -rR --warn-undefined-variables --no-print-directory
SHELL     := /bin/sh
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.DEFAULT_GOAL := all

# What to build, and where.
BUILD  := release
O      := build/$(BUILD)
V      :=
T      :=

# These belong to the user and to packagers; ours are the lab_* variables below.
CFLAGS     ?=
CPPFLAGS   ?=
LDFLAGS    ?=
DESTDIR    ?=
PREFIX     ?= /usr/local
WERROR     ?=
PKG_CONFIG ?= pkg-config
CLANG         ?= clang-14
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(if $(filter fuzz,$(BUILD)),$(CLANG),gcc)
endif
ifneq ($(filter default undefined,$(origin AR)),)
AR := ar
endif
CLANG_FORMAT  ?= clang-format-14
CLANG_TIDY    ?= clang-tidy-14
CPPCHECK      ?= cppcheck
FUZZ_SECONDS  ?= 300

# Used by the macros: a word or nothing, never a warning about an undefined variable.
maybe = $(if $(filter undefined,$(origin $(1))),,$($(1)))
# Expanded when first asked, then remembered: nothing outside make is run while this file is read.
lazy  = $(if $(filter undefined,$(origin lazy_$(1))),$(eval lazy_$(1) := $$(shell $(2))))$(lazy_$(1))
silent = $(findstring s,$(filter-out --%,-$(firstword $(MAKEFLAGS))))
say   = $(if $(filter 1,$(V)),,@$(if $(silent),,printf '  %-8s%s\n' '$(1)' '$(2)';))
quiet = $(if $(filter 1,$(V)),,@)
comma := ,
objs  = $(patsubst %.c,$(O)/obj/%.o,$(1))
# The folder of another build kind: beside O where O is named after its kind, inside it otherwise.
other = $(if $(filter %/$(BUILD),$(O)),$(patsubst %/$(BUILD),%,$(O))/$(1),$(if $(filter $(BUILD),$(1)),$(O),$(O)/$(1)))
submake = +$(quiet)$(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(call lazy,nproc,nproc))

# --- compiler flags ---------------------------------------------------------------------------------

cc_is_clang = $(findstring clang,$(call lazy,cc_version,$(CC) --version | head -n 1))
cc_is_x86   = $(filter x86_64% i%86%,$(call lazy,cc_machine,$(CC) -dumpmachine))

warn_both := -Wall -Wextra -Wpedantic -Wformat=2 -Wshadow -Wvla -Walloca -Wundef -Wstrict-prototypes \
	-Wold-style-definition -Wmissing-prototypes -Wredundant-decls -Wnested-externs -Wpointer-arith \
	-Wwrite-strings -Wimplicit-fallthrough -Wswitch-enum -Wdate-time -Wdouble-promotion
warn_gcc  := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init \
	-Wcast-align=strict
# Sanitizers enlarge frames and add null checks that the flow analysis then complains about.
warn_plain := -Wnull-dereference -Wframe-larger-than=16384

hardening = -fstack-protector-strong -fstack-clash-protection $(if $(cc_is_x86),-fcf-protection) \
	-ftrivial-auto-var-init=pattern
codegen   := -fno-common -fno-strict-aliasing -fvisibility=hidden -fPIE -ffunction-sections \
	-fdata-sections -ffile-prefix-map=$(CURDIR)=.
fortify   := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
sanitize  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

kinds := release debug asan coverage fuzz
ifeq ($(filter $(kinds),$(BUILD)),)
$(error BUILD=$(BUILD): no such build kind; one of: $(kinds))
endif
kind_release  = -O2 -g $(fortify) $(warn_plain)
kind_debug    = -Og -g3 $(fortify) $(warn_plain) -DLAB_FAULTS=1
kind_asan     = -O1 -g -U_FORTIFY_SOURCE $(sanitize) -DLAB_FAULTS=1
kind_coverage = -O0 -g --coverage -fprofile-update=atomic -DLAB_FAULTS=1
kind_fuzz     = -O1 -g -U_FORTIFY_SOURCE $(sanitize) -fsanitize=fuzzer-no-link \
		-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION=1
link_release  :=
link_debug    :=
link_asan      = $(sanitize)
link_coverage  = --coverage
link_fuzz      = $(sanitize)

file_cppflags :=
file_cflags   :=
lab_cppflags = -iquote . -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(file_cppflags)
lab_cflags   = -std=gnu11 $(warn_both) $(if $(cc_is_clang),,$(warn_gcc)) $(hardening) $(codegen) \
	$(kind_$(BUILD)) $(file_cflags)
werror       = $(if $(filter 1,$(WERROR)),-Werror)
ld_common   := -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed,--gc-sections
ld_pie       = $(link_$(BUILD)) -pie $(ld_common)
ld_fuzz      = -fsanitize=fuzzer $(ld_pie)
# A sanitizer's run-time library needs the dynamic loader.
ld_static    = $(if $(filter release debug,$(BUILD)),-static $(if $(cc_is_clang),,-no-pie) $(ld_common),$(ld_pie))

# --- libraries --------------------------------------------------------------------------------------

package_libxml-2.0 := libxml2-dev
package_libmnl     := libmnl-dev
package_jansson    := libjansson-dev
package_nettle     := nettle-dev
package_libcurl    := libcurl4-openssl-dev
package_libarchive := libarchive-dev
package_cmocka     := libcmocka-dev
package_python3-embed := libpython3-dev

# $(call pkg,NAME,cflags|libs): pkg-config's answer, asked for once, when a recipe first needs it.
pkg     = $(if $(filter undefined,$(origin pkg_$(1)_$(2))),$(eval pkg_$(1)_$(2) := $(call pkg_ask,$(1),$(2))))$(pkg_$(1)_$(2))
pkg_ask = $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --$(2) $(1) 2>/dev/null))$(if $(filter 0,$(.SHELLSTATUS)),,$(call pkg_missing,$(1)))
pkg_missing = $(error $(if $(filter 127,$(.SHELLSTATUS)),$(PKG_CONFIG) is missing: install the Debian package pkg-config,library $(1) is missing: install the Debian package $(package_$(1))), or run: tools/install-deps build test)
pkgs    = $(foreach p,$(1),$(call pkg,$(p),$(2)))

# --- rules ------------------------------------------------------------------------------------------

# A stamp is rewritten only when its text changes, so what depends on it is rebuilt exactly then.
define stamp
@mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(1))' >$@.new && \
	if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi
endef

FORCE:
$(O)/flags: FORCE
	$(call stamp,$(CC) $(CPPFLAGS) $(lab_cppflags) $(lab_cflags) $(CFLAGS))

lib_cflags = $(call pkgs,jansson,cflags)
define compile
$(call say,CC,$<)mkdir -p $(@D) && $(CC) -MMD -MP $(lab_cppflags) $(lib_cflags) $(CPPFLAGS) \
	$(lab_cflags) $(werror) $(CFLAGS) -c $< -o $@
endef

$(O)/obj/%.o: %.c $(O)/flags
	$(compile)

# lib_rule NAME: libNAME.a from NAME_SRCS.
define lib_rule
$(O)/lib$(1).sources: FORCE
	$$(call stamp,$$($(1)_SRCS))
$(O)/lib$(1).a: $$(call objs,$$($(1)_SRCS)) $(O)/lib$(1).sources
	$$(call say,AR,$$@)rm -f $$@ && $$(AR) rcsD $$@ $$(filter %.o,$$^)
endef

# prog_rule PATH: a program from PATH_SRCS, the archives PATH_ARCHIVES, the libraries PATH_PKGS;
# PATH_LINK says pie or static; NAME_LDFLAGS (the last part of PATH) is added to the link.
define prog_rule
$(O)/$(1): $(call objs,$($(1)_SRCS)) $(patsubst %,$(O)/lib%.a,$(call maybe,$(1)_ARCHIVES))
	$$(call say,LD,$$@)mkdir -p $$(@D) && $$(CC) $$(CFLAGS) $$(ld_$($(1)_LINK)) $$(LDFLAGS) -o $$@ \
		$$(filter %.o,$$^) $(call maybe,$(notdir $(1))_LDFLAGS) $$(filter %.a,$$^) \
		$$(call pkgs,$(call maybe,$(1)_PKGS),libs)
endef

# plugin_rule NAME: a shared object NAME.so from NAME_SRCS and the libraries NAME_PKGS.
define plugin_rule
$(O)/$(1).so: $(call objs,$($(1)_SRCS))
	$$(call say,LD,$$@)$$(CC) $$(CFLAGS) $$(link_$(BUILD)) -shared $$(ld_common) $$(if $$(link_$(BUILD)),,-Wl$$(comma)-z$$(comma)defs) \
		$$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(call pkgs,$($(1)_PKGS),libs)
endef

ARCHIVES      :=
PLUGINS       :=
PROGRAMS      :=
TEST_PROGRAMS :=
INSTALL_LIBEXEC :=
include netlab/netlab.mk controller/controller.mk slave-image/slave-image.mk tests/tests.mk
$(foreach a,$(ARCHIVES),$(eval $(call lib_rule,$(a))))
$(foreach p,$(PLUGINS),$(eval $(call plugin_rule,$(p))))
$(foreach p,$(PROGRAMS) $(TEST_PROGRAMS),$(eval $(call prog_rule,$(p))))
-include $(shell find $(O)/obj $(O)/lint -name '*.d' 2>/dev/null)

# The version, and the agent's build id: a hash over everything that an agent is made of.
agent_files := $(sort $(foreach d,slave-image/agent netlab/base netlab/nl netlab/ns netlab/rpc, \
	$(wildcard $(d)/*.c $(d)/*.h)))
build_id = $(call lazy,build_id,(echo '$(BUILD)'; cat $(agent_files)) | sha256sum | cut -c 1-16)
version  = $(call lazy,version,tools/version)
$(O)/version.flags: FORCE
	$(call stamp,-DLAB_VERSION="\"$(version)\"" -DLAB_BUILD_ID="\"$(build_id)\"")
$(O)/obj/netlab/base/version.o: private file_cppflags = -DLAB_VERSION="\"$(version)\"" \
	-DLAB_BUILD_ID="\"$(build_id)\""
$(O)/obj/netlab/base/version.o: $(O)/version.flags

# The same agent under another build id: for the test that an older agent is replaced over RPC.
$(O)/obj/old/version.o: private file_cppflags = -DLAB_VERSION="\"0.0.0\"" -DLAB_BUILD_ID="\"0000000000000000\""
$(O)/obj/old/version.o: netlab/base/version.c $(O)/flags
	$(compile)

all: $(patsubst %,$(O)/lib%.a,$(ARCHIVES)) $(addprefix $(O)/,$(PROGRAMS) $(TOOL_FILES)) $(PLUGINS:%=$(O)/%.so) \
	$(KERNEL_FILES:%=$(O)/kernel/%)
	@:
test-programs: all $(addprefix $(O)/,$(TEST_PROGRAMS))
	@:

# --- one command each -------------------------------------------------------------------------------

release := $(call other,release)
debug   := $(call other,debug)
asan    := $(call other,asan)

## demo: install what is missing, build, and run a first recipe (root)
demo:
	$(quiet)tools/install-deps build run
	$(submake) BUILD=release O=$(release) all
	$(quiet)$(release)/netlab run recipes/ping.xml

run_tests = $(quiet)tests/run --release $(release) --debug $(debug) --asan $(asan) \
	$(if $(T),--only '$(T)')
define build_all_kinds
$(submake) BUILD=release O=$(release) test-programs
$(submake) BUILD=debug O=$(debug) test-programs
$(submake) BUILD=asan O=$(asan) test-programs
endef

## check: install what is missing, build, and run all tests (root); T=NAME: only those named *NAME*
check:
	$(quiet)tools/install-deps build run test vm
	$(build_all_kinds)
	$(run_tests) lints unit kernel fuzz integration vm

## unit: only the unit tests, with debug and with sanitizer programs (no privileges)
unit:
	$(submake) BUILD=debug O=$(debug) test-programs
	$(submake) BUILD=asan O=$(asan) test-programs
	$(run_tests) unit

## kernel: only the tests of what we expect of the kernel
kernel:
	$(submake) BUILD=release O=$(release) test-programs
	$(run_tests) kernel

## integration: only the integration tests (root)
integration:
	$(build_all_kinds)
	$(run_tests) integration

## check-vm: the tests that need what this kernel may lack, under Debian's in a virtual machine (root)
check-vm:
	$(quiet)tools/install-deps build run test vm
	$(submake) BUILD=release O=$(release) test-programs
	$(run_tests) vm

## valgrind: the unit tests under valgrind
valgrind:
	$(submake) BUILD=debug O=$(debug) test-programs
	$(run_tests) --wrap 'valgrind -q --error-exitcode=99 --leak-check=full' unit

## bench: netlab against the bare kernel (root); BENCH_ARGS go to tests/bench/run
BENCH_ARGS :=
bench:
	$(submake) BUILD=release O=$(release) test-programs
	$(quiet)NETLAB=$(abspath $(release))/netlab NETLAB_BUILD=$(abspath $(release)) \
		NETLAB_TOP=$(CURDIR) tests/bench/run $(BENCH_ARGS)

## bench-backends: hosts of other engines against the engines' own clients (root)
bench-backends:
	$(submake) BUILD=release O=$(release) all
	$(quiet)NETLAB_BUILD=$(abspath $(release)) tests/bench/backends $(BENCH_ARGS)

coverage_dir := $(call other,coverage)
## coverage: which lines the unit and integration tests reach, by file
coverage:
	$(submake) BUILD=coverage O=$(coverage_dir) test-programs
	$(quiet)find $(coverage_dir) -name '*.gcda' -delete
	$(quiet)tests/run --release $(coverage_dir) --debug $(coverage_dir) --asan '' \
		$(if $(T),--only '$(T)') unit integration || echo 'coverage: some tests failed'
	$(quiet)tools/coverage $(coverage_dir)

fuzz_dir := $(call other,fuzz)
## fuzz: run each fuzz target for FUZZ_SECONDS (300) with clang; fuzz-smoke: for 30
fuzz:
	$(submake) BUILD=fuzz O=$(fuzz_dir) CC=$(CLANG) $(FUZZERS:%=$(fuzz_dir)/fuzz/%)
	$(quiet)tools/fuzz $(fuzz_dir) $(FUZZ_SECONDS) $(FUZZERS)
fuzz-smoke:
	$(submake) fuzz FUZZ_SECONDS=30

# --- lints ------------------------------------------------------------------------------------------

rooms     := netlab controller slave-image tests
c_files   := $(sort $(foreach r,$(rooms) slave-image/tools,$(wildcard $(r)/*/*.c)))
h_files   := $(sort $(foreach r,$(rooms) slave-image/tools,$(wildcard $(r)/*/*.h)))
scripts    = $(shell grep -lE '^\#!/bin/(ba)?sh' .ci/* tools/* tests/run tests/lib/* tests/integration/* \
	tests/vm/* tests/bench/* slave-image/kernel/* 2>/dev/null) $(wildcard docs/completion/*.bash)
py_scripts = $(shell grep -lE '^\#!/usr/bin/python3' tools/* tests/lib/* tests/integration/* \
	tests/bench/* 2>/dev/null) $(wildcard tests/lib/*.py)
mk_files  := Makefile $(sort $(wildcard */*.mk))
man_pages := $(sort $(wildcard docs/man/*.[1-8]))

lints := lint-layers lint-size lint-contracts lint-symbols lint-headers lint-spdx lint-words lint-man \
	lint-shell fmt-check cppcheck tidy

## lint: all lints; each is also a target: lint-layers lint-size lint-contracts lint-symbols
##	lint-headers lint-spdx lint-words lint-man lint-shell fmt-check cppcheck tidy
lint:
	$(submake) -k --output-sync=target $(lints)

# $(call need,PROGRAM,PACKAGE): a missing lint tool is named, with what brings it.
need = $(quiet)command -v $(1) >/dev/null || { echo '$@: $(1) is missing: apt-get install $(2),' \
	'or: tools/install-deps lint' >&2; exit 3; }

lint-layers:
	$(quiet)tools/lint-layers $(c_files) $(h_files)
lint-size:
	$(call need,ctags,universal-ctags)
	$(quiet)tools/lint-size $(c_files) $(h_files) $(py_scripts)
lint-contracts:
	$(call need,ctags,universal-ctags)
	$(quiet)tools/lint-contracts $(h_files)
lint-symbols: $(patsubst %,$(O)/lib%.a,$(ARCHIVES))
	$(quiet)tools/lint-symbols lab_ $(O)/liblab.a lab_ $(O)/libcli.a ctl_ $(O)/libctl.a agt_ $(O)/libagt.a img_ $(O)/libimg.a
lint-spdx:
	$(quiet)tools/lint-spdx $(c_files) $(h_files) $(mk_files) $(scripts) $(py_scripts)
lint-words:
	$(quiet)tools/lint-words $(c_files) $(h_files) $(mk_files) $(scripts) $(py_scripts)
lint-man:
	$(call need,mandoc,mandoc)
	$(quiet)$(if $(man_pages),mandoc -T lint -W warning $(man_pages))
lint-shell:
	$(call need,shellcheck,shellcheck)
	$(quiet)$(if $(scripts),shellcheck -x -s bash $(scripts))

fmt_files := $(c_files) $(h_files)
## fmt: format the C files; fmt-check: fail where that would change something
fmt:
	$(call need,$(CLANG_FORMAT),clang-format-14)
	$(quiet)$(if $(fmt_files),$(CLANG_FORMAT) -i $(fmt_files))
fmt-check:
	$(call need,$(CLANG_FORMAT),clang-format-14)
	$(quiet)CLANG_FORMAT=$(CLANG_FORMAT) tools/fmt-check $(fmt_files)

# The slow ones leave a stamp for each file, so only what changed, or includes what changed, is read.
lint_flags = -std=gnu11 -iquote . -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DLAB_FAULTS=1 \
	-DLAB_VERSION='"0"' -DLAB_BUILD_ID='"0"' -DCTL_PYTHON_HOME='"/usr"' \
	$(call pkgs,$(test_pkgs) cmocka python3-embed,cflags)
# $(call stamped,COMMAND): run it, keep its word for the next time only if it has none.
define stamped
$(quiet)mkdir -p $(@D) && $(CC) -M -MP -MT $@ -MF $(@:.ok=.d) $(lint_flags) -w $< && $(1) && : >$@
endef

header_stamps := $(h_files:%=$(O)/lint/headers/%.ok)
lint-headers: $(header_stamps)
	@:
$(header_stamps): $(O)/lint/headers/%.ok: %
	$(call stamped,$(CC) -fsyntax-only -Wall -Wextra -Werror -x c $(lint_flags) $<)

tidy_stamps := $(c_files:%=$(O)/lint/tidy/%.ok)
## tidy: clang-tidy on what changed; analyze: clang's path-sensitive analyzer, slow, not in lint
tidy: $(tidy_stamps)
	@:
$(tidy_stamps): $(O)/lint/tidy/%.ok: % .clang-tidy
	$(call need,$(CLANG_TIDY),clang-tidy-14)
	$(call stamped,{ $(CLANG_TIDY) --quiet $< -- $(lint_flags) >$(@:.ok=.log) 2>&1 || \
		{ grep -A 2 -E '(error|warning):' $(@:.ok=.log) | sed 's%^$(CURDIR)/\(\./\)*%%'; exit 1; }; })

analyze_stamps := $(c_files:%=$(O)/lint/analyze/%.ok)
# Not the checks that take an intrusive list or a cleanup attribute for a use after free or a dead store
# (the sanitizer build looks at that), that want memcpy_s(), or that weigh padding.
analyze_checks := -*,clang-analyzer-*,-clang-analyzer-deadcode.DeadStores,-clang-analyzer-unix.Malloc*
analyze_checks := $(analyze_checks),-clang-analyzer-optin.performance.*
analyze_checks := $(analyze_checks),-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
analyze: $(analyze_stamps)
	@:
$(analyze_stamps): $(O)/lint/analyze/%.ok: %
	$(call need,$(CLANG_TIDY),clang-tidy-14)
	$(call stamped,$(CLANG_TIDY) --quiet --config='{WarningsAsErrors: "*"}' \
		--checks='$(analyze_checks)' $< -- $(lint_flags) 2>/dev/null)

cppcheck_stamps := $(c_files:%=$(O)/lint/cppcheck/%.ok)
## cppcheck: cppcheck on what changed
cppcheck: $(cppcheck_stamps)
	@:
# System headers are not read (missingInclude); a function used by another file is not unused.
$(cppcheck_stamps): $(O)/lint/cppcheck/%.ok: % tools/cppcheck.suppress
	$(call need,$(CPPCHECK),cppcheck)
	$(call stamped,$(CPPCHECK) -q --std=c11 --language=c --platform=unix64 --library=posix --library=gnu \
		--enable=warning$(comma)style$(comma)performance$(comma)portability --inline-suppr \
		--suppressions-list=tools/cppcheck.suppress --error-exitcode=1 --template=gcc \
		-I . -D_GNU_SOURCE -DLAB_FAULTS=1 -DLAB_VERSION='"0"' -DLAB_BUILD_ID='"0"' $<)

# --- install ----------------------------------------------------------------------------------------

bindir     = $(DESTDIR)$(PREFIX)/bin
libexecdir = $(DESTDIR)$(PREFIX)/libexec/netlab
sharedir   = $(DESTDIR)$(PREFIX)/share/netlab
mandir     = $(DESTDIR)$(PREFIX)/share/man
compdir    = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
recipes   := $(sort $(wildcard recipes/*.xml recipes/part/*.xml recipes/pool/*.xml recipes/python/* recipes/backends/*.xml))
schema    := $(wildcard recipes/*.rng)
completion := $(wildcard docs/completion/netlab.bash)
# Files as they are named once installed, for uninstall.
tool_files = $(foreach t,$(TOOLS),$(addprefix tools/$(t)/,$($(t)_NAMES))) tools/netlab_module/netlab_module.py
installed  = $(bindir)/netlab $(libexecdir)/agent $(libexecdir)/netlab-engine $(libexecdir)/netlab-runc $(PLUGINS:%=$(libexecdir)/%.so) $(MODULES:%=$(libexecdir)/modules/%) \
	$(KERNEL_FILES:%=$(libexecdir)/kernel/%) \
	$(addprefix $(libexecdir)/,$(tool_files)) \
	$(recipes:recipes/%=$(sharedir)/recipes/%) $(schema:recipes/%=$(sharedir)/%) \
	$(foreach m,$(man_pages),$(mandir)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
	$(if $(completion),$(compdir)/netlab)

## install, uninstall: under PREFIX (/usr/local), below DESTDIR
install: all
	install -d $(bindir) $(libexecdir)/modules $(libexecdir)/kernel $(sharedir)/recipes/part $(sharedir)/recipes/pool $(sharedir)/recipes/python $(sharedir)/recipes/backends
	install -m 755 $(O)/netlab $(bindir)/netlab
	install -m 755 $(O)/agent $(libexecdir)/agent
	install -m 755 $(O)/netlab-engine $(O)/netlab-runc $(libexecdir)/
	install -m 755 $(PLUGINS:%=$(O)/%.so) $(libexecdir)/
	$(if $(KERNEL_FILES),install -m 755 $(KERNEL_FILES:%=$(O)/kernel/%) $(libexecdir)/kernel/)
	$(if $(MODULES),install -m 755 $(MODULES:%=$(O)/modules/%) $(libexecdir)/modules/)
	$(foreach t,$(TOOLS),install -D -m 755 $(O)/tools/$(t)/$(firstword $($(t)_NAMES)) \
		$(libexecdir)/tools/$(t)/$(firstword $($(t)_NAMES)) && $(foreach n,$(wordlist 2,99,$($(t)_NAMES)), \
		ln -f $(libexecdir)/tools/$(t)/$(firstword $($(t)_NAMES)) $(libexecdir)/tools/$(t)/$(n) &&)) :
	install -D -m 644 $(O)/tools/netlab_module/netlab_module.py $(libexecdir)/tools/netlab_module/netlab_module.py
	$(foreach r,$(recipes),install -m 644 $(r) $(sharedir)/$(r) &&) :
	$(if $(schema),install -m 644 $(schema) $(sharedir)/)
	$(foreach m,$(man_pages),install -D -m 644 $(m) $(mandir)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)) &&) :
	$(if $(completion),install -D -m 644 $(completion) $(compdir)/netlab)
uninstall:
	rm -f $(installed)
	for d in $(libexecdir)/modules $(libexecdir)/kernel $(libexecdir) $(sharedir)/recipes/part $(sharedir)/recipes/pool $(sharedir)/recipes/python $(sharedir)/recipes/backends \
		$(sharedir)/recipes $(sharedir); do \
		if [ -d "$$d" ]; then rmdir --ignore-fail-on-non-empty "$$d"; fi; done

## dist: netlab-VERSION.tar.gz of the last commit
dist:
	git archive --prefix=netlab-$(version)/ HEAD | gzip -n9 >netlab-$(version).tar.gz

## readme-backends: the table of backends in README.md, as netlab backends has it
readme-backends:
	$(submake) BUILD=release O=$(release) all
	$(quiet)tools/backends-table $(release)/netlab README.md

## install-deps: the Debian packages for building, running and testing
install-deps:
	$(quiet)tools/install-deps build run test

## clean: remove what was built
clean:
	rm -rf $(if $(filter command,$(firstword $(origin O))),$(O),build)

## help: this
help:
	@echo 'make [TARGET] [BUILD=release|debug|asan] [O=DIR] [V=1] [WERROR=1] [CC=..] [CFLAGS=..]'
	@echo
	@echo '  all: build into build/BUILD; the default'
	@sed -n 's/^## /  /p; s/^##	/      /p' Makefile

.PHONY: all test-programs demo check unit kernel integration check-vm valgrind bench bench-backends readme-backends coverage fuzz fuzz-smoke \
	lint $(lints) fmt analyze install uninstall dist install-deps clean help FORCE
