# SPDX-License-Identifier: GPL-2.0-or-later
# What is built from controller/: the library that reads and runs recipes.

ARCHIVES += ctl
ctl_SRCS := $(sort $(foreach d,recipe match run report,$(wildcard controller/$(d)/*.c)))

$(O)/obj/controller/recipe/%.o: private lib_cflags = $(call pkgs,libxml-2.0,cflags)

# The Python interpreter: loaded by recipes with Python tasks only.
PLUGINS += netlab-python
netlab-python_SRCS := $(sort $(wildcard controller/python/*.c))
netlab-python_PKGS := python3-embed jansson
python_texts       := $(sort $(wildcard controller/python/*/*.py controller/python/*/*/*.py))

$(O)/obj/controller/python/%.o: private lib_cflags = $(call pkgs,python3-embed jansson,cflags)
$(O)/obj/controller/python/%.o: private file_cflags = -fPIC
$(O)/obj/controller/python/embed.o: private file_cppflags = -DCTL_PYTHON_HOME="\"$(call lazy,python_home,$(PKG_CONFIG) --variable=prefix python3-embed)\""
$(O)/obj/controller/python/sources.o: $(python_texts)
