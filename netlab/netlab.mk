# SPDX-License-Identifier: GPL-2.0-or-later
# What is built from netlab/: the library and the command.

ARCHIVES += lab cli
# Of the backends the library has what everybody may know; the rest is in the program that drives engines.
lab_SRCS := $(sort $(foreach d,base nl ns rpc topo keeper doctor vm,$(wildcard netlab/$(d)/*.c))) $(wildcard netlab/backend/backend.c netlab/backend/probe.c)
# All of the command but main(), so that tests can link it.
cli_SRCS := $(filter-out netlab/cli/main.c,$(sort $(wildcard netlab/cli/*.c)))

ifneq ($(wildcard netlab/cli/main.c),)
PROGRAMS += netlab
endif
netlab_SRCS     := netlab/cli/main.c
netlab_ARCHIVES := cli ctl img lab
netlab_PKGS     := libxml-2.0 libmnl jansson nettle libarchive
netlab_LINK     := pie

ARCHIVES += eng
eng_SRCS := $(filter-out netlab/backend/backend.c netlab/backend/probe.c netlab/backend/main.c netlab/backend/runc.c,$(sort $(wildcard netlab/backend/*.c)))
ifneq ($(wildcard netlab/backend/main.c),)
PROGRAMS += netlab-engine
endif
netlab-engine_SRCS     := netlab/backend/main.c
netlab-engine_ARCHIVES := eng lab
netlab-engine_PKGS     := jansson nettle libcurl
netlab-engine_LINK     := pie
ifneq ($(wildcard netlab/backend/runc.c),)
PROGRAMS += netlab-runc
endif
netlab-runc_SRCS := netlab/backend/runc.c
netlab-runc_LINK := static

# Third-party headers, each for its own room only.
$(O)/obj/netlab/nl/%.o: private lib_cflags = $(call pkgs,libmnl,cflags)
$(O)/obj/netlab/rpc/%.o: private lib_cflags = $(call pkgs,jansson nettle,cflags)
$(O)/obj/netlab/backend/http.o: private lib_cflags = $(call pkgs,jansson libcurl,cflags)
