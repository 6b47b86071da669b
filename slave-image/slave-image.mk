# SPDX-License-Identifier: GPL-2.0-or-later
# What is built from slave-image/: the agent and the test modules, small static programs.

ARCHIVES += agt
agt_SRCS := $(filter-out slave-image/agent/main.c,$(sort $(wildcard slave-image/agent/*.c)))

ifneq ($(wildcard slave-image/agent/main.c),)
PROGRAMS += agent
TEST_PROGRAMS += agent-old
endif
agent_SRCS     := slave-image/agent/main.c
agent_ARCHIVES := agt lab
agent_PKGS     := jansson nettle
agent_LINK     := static

# The object with the old build id stands before the archive that holds the true one.
agent-old_SRCS     := slave-image/agent/main.c old/version.c
agent-old_ARCHIVES := agt lab
agent-old_PKGS     := jansson nettle
agent-old_LINK     := static

# One module a file with a capital first letter; the other files are shared by all of them.
MODULES     := $(patsubst slave-image/modules/%.c,%,$(sort $(wildcard slave-image/modules/[A-Z]*.c)))
module_SRCS := $(filter-out $(MODULES:%=slave-image/modules/%.c),$(sort $(wildcard slave-image/modules/*.c)))
PROGRAMS    += $(addprefix modules/,$(MODULES))

define module_vars
modules/$(1)_SRCS     := slave-image/modules/$(1).c $(module_SRCS)
modules/$(1)_ARCHIVES := lab
modules/$(1)_PKGS     := jansson
modules/$(1)_LINK     := static
endef
$(foreach m,$(MODULES),$(eval $(call module_vars,$(m))))

# PID 1 of the virtual machine that runs another kernel stands alone in its first root, so it is static;
# beside it the script that fetches kernels.
KERNEL_FILES :=
ifneq ($(filter release debug,$(BUILD)),)
PROGRAMS     += kernel/init
KERNEL_FILES := init store
endif
kernel/init_SRCS     := slave-image/kernel/init.c
kernel/init_ARCHIVES := lab
kernel/init_PKGS     :=
kernel/init_LINK     := static
$(O)/kernel/store: slave-image/kernel/store
	$(call say,CP,$@)mkdir -p $(@D) && install -m 755 $< $@
