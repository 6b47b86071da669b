# SPDX-License-Identifier: GPL-2.0-or-later
# What is built from tests/: one program a file.

test_pkgs := libxml-2.0 libmnl jansson nettle libarchive
$(O)/obj/tests/%.o: private lib_cflags = $(call pkgs,$(test_pkgs) cmocka,cflags)
# The functions that -Wl,--wrap calls have no header.
$(O)/obj/tests/%.o: private file_cflags = -Wno-missing-prototypes

# What unit tests share: the files in tests/unit that are no tests.
ARCHIVES  += test
test_SRCS := $(filter-out tests/unit/test_%,$(sort $(wildcard tests/unit/*.c)))

# tests/unit/test_x.c; test_x_LDFLAGS (below) for -Wl,--wrap=function.
# $(call test_vars,FOLDER,NAME)
define test_vars
TEST_PROGRAMS += tests/$(1)/$(2)
tests/$(1)/$(2)_SRCS     := tests/$(1)/$(2).c
tests/$(1)/$(2)_ARCHIVES := test cli agt ctl img lab
tests/$(1)/$(2)_PKGS     := $(test_pkgs) cmocka
tests/$(1)/$(2)_LINK     := pie
endef
names = $(patsubst %.c,%,$(notdir $(sort $(wildcard $(1)))))
$(foreach t,$(call names,tests/unit/test_*.c),$(eval $(call test_vars,unit,$(t))))
$(foreach t,$(call names,tests/kernel/*.c),$(eval $(call test_vars,kernel,$(t))))
$(foreach t,$(call names,tests/lib/*.c),$(eval $(call test_vars,lib,$(t))))

# What netlab-engine alone is made of.
define engine_test
tests/unit/test_$(1)_ARCHIVES := test eng lab
tests/unit/test_$(1)_PKGS     := jansson nettle libcurl cmocka
endef
$(foreach t,http journal lxd_server snaps,$(eval $(call engine_test,$(t))))

# tests/bench/x.c with tests/bench/x_*.c: static and without any library, unless x_ARCHIVES and
# x_PKGS name some.
engine_ARCHIVES := lab
engine_PKGS     := libmnl jansson nettle
define bench_vars
TEST_PROGRAMS += bench/$(1)
bench/$(1)_SRCS     := tests/bench/$(1).c $(sort $(wildcard tests/bench/$(1)_*.c))
bench/$(1)_ARCHIVES := $(call maybe,$(1)_ARCHIVES)
bench/$(1)_PKGS     := $(call maybe,$(1)_PKGS)
bench/$(1)_LINK     := $(if $(call maybe,$(1)_PKGS),pie,static)
endef
BENCHES := $(foreach b,$(call names,tests/bench/*.c),$(if $(findstring _,$(b)),,$(b)))
$(foreach b,$(BENCHES),$(eval $(call bench_vars,$(b))))
$(O)/obj/tests/bench/%.o: private lib_cflags :=

# tests/fuzz/fuzz_x.c: with libFuzzer in the fuzz build, with a main() that replays files elsewhere.
FUZZERS := $(call names,tests/fuzz/fuzz_*.c)
ifeq ($(BUILD),fuzz)
fuzz_suffix :=
fuzz_main   :=
else
fuzz_suffix := _replay
fuzz_main   := tests/fuzz/replay_main.c
endif
define fuzz_vars
TEST_PROGRAMS += fuzz/$(1)$(fuzz_suffix)
fuzz/$(1)$(fuzz_suffix)_SRCS     := tests/fuzz/$(1).c $(fuzz_main)
fuzz/$(1)$(fuzz_suffix)_ARCHIVES := cli agt ctl img lab
fuzz/$(1)$(fuzz_suffix)_PKGS     := $(test_pkgs)
fuzz/$(1)$(fuzz_suffix)_LINK     := $(if $(filter fuzz,$(BUILD)),fuzz,pie)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_vars,$(f))))

# Link options of single tests.
test_topo_LDFLAGS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup
test_expr_LDFLAGS    := -lm
test_netperf_LDFLAGS := -lm
test_loop_LDFLAGS := -Wl,--wrap=clock_gettime,--wrap=epoll_pwait2,--wrap=calloc,--wrap=reallocarray
test_rpc_flow_LDFLAGS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=sendmsg,--wrap=recvmsg
test_strbuf_LDFLAGS := -Wl,--wrap=realloc
test_map_LDFLAGS := -Wl,--wrap=calloc
test_nl_LDFLAGS := -Wl,--wrap=realloc,--wrap=socket,--wrap=setsockopt,--wrap=setns,--wrap=send,--wrap=recv,--wrap=poll
test_clone_LDFLAGS := -Wl,--wrap=syscall,--wrap=open,--wrap=open64,--wrap=write
test_caps_LDFLAGS := -Wl,--wrap=syscall,--wrap=prctl
test_mount_LDFLAGS := -Wl,--wrap=mount,--wrap=umount2,--wrap=chdir,--wrap=chroot,--wrap=syscall,--wrap=open_tree \
	-Wl,--wrap=move_mount,--wrap=fsopen,--wrap=fsconfig,--wrap=fsmount,--wrap=mount_setattr,--wrap=close
test_template_LDFLAGS := -Wl,--wrap=open,--wrap=open64,--wrap=lab_mount_tree,--wrap=lab_mount_attach \
	-Wl,--wrap=lab_mount_read_only
test_relay_LDFLAGS := -Wl,--wrap=lab_keeper_end
test_apply_LDFLAGS := -Wl,--wrap=lab_nl_flush,--wrap=lab_nl_enter,--wrap=lab_loop_step
test_journal_LDFLAGS := -Wl,--wrap=rmdir
test_recipe_LDFLAGS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
