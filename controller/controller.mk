# SPDX-License-Identifier: GPL-2.0-or-later
# What is built from controller/: the library that reads and runs recipes.

ARCHIVES += ctl
ctl_SRCS := $(sort $(foreach d,recipe match run report,$(wildcard controller/$(d)/*.c)))

$(O)/obj/controller/recipe/%.o: private lib_cflags = $(call pkgs,libxml-2.0,cflags)
