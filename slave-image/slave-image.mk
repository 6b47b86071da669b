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

# The store of images, for the command.
ARCHIVES += img
img_SRCS := $(sort $(wildcard slave-image/image/*.c))
$(O)/obj/slave-image/image/%.o: private lib_cflags = $(call pkgs,libarchive jansson,cflags)

# One module a file with a capital first letter; the other files are shared by all of them.
MODULES     := $(patsubst slave-image/modules/%.c,%,$(sort $(wildcard slave-image/modules/[A-Z]*.c)))
module_SRCS := $(filter-out $(MODULES:%=slave-image/modules/%.c),$(sort $(wildcard slave-image/modules/*.c)))
PROGRAMS    += $(addprefix modules/,$(MODULES))

define module_vars
modules/$(1)_SRCS     := slave-image/modules/$(1).c $(module_SRCS)
modules/$(1)_ARCHIVES := lab
modules/$(1)_PKGS     := jansson
modules/$(1)_LINK     := static
$(1)_LDFLAGS          := -lm
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

# Tools: each is one static program under the names of all of its programs; which one it is, its name says.
TOOLS := multicast tcp_conn
multicast_NAMES := send_simple send_igmp_query recv_simple recv_membership recv_source_membership recv_block_source \
	max_groups sockopt_ttl sockopt_loop sockopt_if sockopt_membership sockopt_source_membership sockopt_block_source
tcp_conn_NAMES  := tcp_listen tcp_connect

define tool_vars
PROGRAMS += tools/$(1)/$(firstword $($(1)_NAMES))
tools/$(1)/$(firstword $($(1)_NAMES))_SRCS     := $(sort $(wildcard slave-image/tools/$(1)/*.c))
tools/$(1)/$(firstword $($(1)_NAMES))_ARCHIVES := lab
tools/$(1)/$(firstword $($(1)_NAMES))_LINK     := static
TOOL_FILES += $(addprefix tools/$(1)/,$(wordlist 2,99,$($(1)_NAMES)))
$(O)/tools/$(1)/%: $(O)/tools/$(1)/$(firstword $($(1)_NAMES))
	$$(call say,LN,$$@)ln -f $$< $$@
endef
TOOL_FILES := tools/netlab_module/netlab_module.py
$(foreach t,$(TOOLS),$(eval $(call tool_vars,$(t))))

# What Python modules import travels as a tool, too.
$(O)/tools/netlab_module/netlab_module.py: slave-image/tools/netlab_module/netlab_module.py
	$(call say,CP,$@)mkdir -p $(@D) && cp $< $@
