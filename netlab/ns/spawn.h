/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.h - what the keeper and its spawner agree on: the template of the hosts' roots, and the requests between them */
#ifndef NETLAB_NS_SPAWN_H
#define NETLAB_NS_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

#include "netlab/ns/image.h"

/**
 * DOC: the template
 *
 * The keeper builds one small mount namespace, and hosts are cloned inside it, so that a host copies and drops three mounts
 * instead of the machine's thirty. Its root is one tmpfs for the whole lab:
 *   /lower     the machine's root, a detached copy of that one mount; in a user namespace only its links and empty directories
 *   /lower1 .. further file systems of the machine (a /usr, /home or /var of its own); their places are in the spawner's setup.
 *              In a user namespace also each directory of the root: the kernel refuses to copy a mount without those on it
 *   /layer     a layer that all hosts share above /lower: /etc/hosts, no /etc/hostname, an empty /run and /tmp, mount points
 *   /ilayer    the same for hosts that are made from images: without the files that are mounted one by one on the machine
 *   /view0 ..  /lower, /lower1 and so on as a file system of their own, for hosts of images that lie on the machine's files
 *   /i0.0 ..   the layers of the lab's images, image by image, topmost first
 *   /dev       device nodes, shared read-only
 *   /proc      only in a user namespace, where a host may mount its own beside a full one only; likewise /sys
 *   /up/N      what host N writes: u and w (upper and work directory of its overlay), u1, w1, ..., and run and tmp if need be;
 *              "layers" names the directories with layers (u, u1, ...) that lie between those and the machine's, topmost first:
 *              what it was restored to. Each is a name below /up/N
 *   /m         mount point of a host's new root, in the host's own namespace
 */
#define LAB_SPAWN_SUBMOUNTS_MAX 40u
#define LAB_SPAWN_PATH_MAX      256u
#define LAB_SPAWN_CGROUP_FD \
	5 /* the first of the lab's cgroups in the spawner: struct lab_spawn_setup.n_cgroups */
#define LAB_SPAWN_LAYERS_MAX 32u /* of one host that are named in its "layers" */
#define LAB_SPAWN_LAYER_LEN  16u /* of such a name, with its NUL */
#define LAB_SPAWN_IMAGES_MAX 16u /* different ones in one lab */
#define LAB_SPAWN_NETNS_MAX  16u
#define LAB_SPAWN_NETNS_LEN  32u

/**
 * struct lab_spawn_image - an image that hosts of the lab are made from
 * @n_layers:	how many layers it has
 * @machine:	below them are the machine's own files
 */
struct lab_spawn_image {
	uint32_t n_layers, machine;
};

/**
 * struct lab_spawn_setup - sent to the spawner once, before the first request; if a descriptor comes with it, that is the
 * socket of a second spawner, which the first one is to become the twin of
 * @userxattr:	the lab is rootless: overlays must not use trusted attributes
 * @bind_private: the layer could not hide the machine's /run and /tmp: each host must bind its own over them
 * @n_submounts: how many further file systems
 * @submounts:	where they belong, absolute paths, parents first
 * @n_cgroups:	descriptors of cgroups from LAB_SPAWN_CGROUP_FD on
 * @images:	the images
 * @whole:	for each file system: it brings mounts of its own, so no overlay can be made of it; hosts see it, but do not write it
 */
struct lab_spawn_setup {
	uint32_t userxattr;
	uint32_t bind_private;
	uint32_t n_submounts;
	uint32_t n_cgroups;
	struct lab_spawn_image images[LAB_SPAWN_IMAGES_MAX];
	char submounts[LAB_SPAWN_SUBMOUNTS_MAX][LAB_SPAWN_PATH_MAX];
	uint8_t whole[LAB_SPAWN_SUBMOUNTS_MAX];
};

/**
 * struct lab_spawn_req - "clone host @index"
 * @index:	number of the host in the lab
 * @forwarding:	it routes, in all its network namespaces
 * @cgroups:	bit i: it has a group in the i-th cgroup of the lab
 * @n_netns:	how many further network namespaces it has
 * @image:	it is made from the image of this number, counted from 1; 0 = from the machine's files
 * @again:	it was there before: it goes into the network namespaces that it had, whose descriptors come behind this, one with each of
 *		1 + @n_netns datagrams of one byte, its own first; and it goes on with the files that it wrote, but for those in /run
 * @name:	its host name
 * @netns:	names of the further network namespaces
 *
 * For each of those the host makes a namespace and one more agent, and says so on its own agent's channel, before that one's hello,
 * with the notification "netns" {"name"} and two descriptors: the keeper's end of that agent's channel, and the namespace.
 */
struct lab_spawn_req {
	uint32_t index;
	uint32_t forwarding;
	uint32_t cgroups;
	uint32_t n_netns;
	uint32_t image;
	uint32_t again;
	char name[64];
	char netns[LAB_SPAWN_NETNS_MAX][LAB_SPAWN_NETNS_LEN];
};

/**
 * struct lab_spawn_reply - the answer; a descriptor, the keeper's end of the agent's channel, comes with it on success. The host
 * sends one itself, with neither @pid nor @code, when its network namespace is ready for links; it may come first. With that of a host that
 * has further namespaces, which it then enters to make them, comes its own as a descriptor.
 * @index:	of the request; UINT32_MAX: the spawner itself is ready, or has failed (@code)
 * @pid:	of the host's init, in the lab's PID namespace; 0 on failure
 * @code:	positive errno on failure
 * @msg:	what failed
 */
struct lab_spawn_reply {
	uint32_t index;
	int32_t pid;
	int32_t code;
	char msg[200];
};

#endif
