/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_addr.c - addresses from any text: what is accepted can be written and read again */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/addr.h"
#include "netlab/base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_pool(const struct lab_addr *pool, uint64_t subnet, uint64_t host)
{
	unsigned int prefix_len, max = lab_addr_len(pool) * 8;
	struct lab_addr a, b;

	for (prefix_len = 0; prefix_len <= max + 1; prefix_len++) {
		if (lab_addr_nth(pool, prefix_len, subnet, host, &a) < 0)
			continue;
		check(prefix_len >= pool->prefix_len && prefix_len <= max);
		check(a.prefix_len == prefix_len);
		check(lab_addr_in_subnet(&a, pool));
		check(lab_addr_nth(pool, prefix_len, subnet, 0, &b) == 0);
		check(lab_addr_in_subnet(&a, &b) && lab_addr_equal(&a, &b) == (host == 0));
	}
}

static void check_addr(const char *s)
{
	struct lab_addr a, again;
	char text[LAB_ADDR_STRLEN];

	memset(&a, 0xa5, sizeof(a));
	if (lab_addr_parse(s, &a) < 0) {
		check(a.family == 0xa5);
		return;
	}
	check(lab_addr_len(&a) == 4 || lab_addr_len(&a) == 16);
	check(a.prefix_len <= lab_addr_len(&a) * 8);
	check(lab_addr_parse(lab_addr_format(&a, true, text), &again) == 0);
	check(memcmp(&a, &again, sizeof(a)) == 0);
	check(lab_addr_parse(lab_addr_format(&a, false, text), &again) == 0);
	check(lab_addr_equal(&a, &again) && lab_addr_in_subnet(&again, &a));
	(void)lab_addr_is_host(&a);
	check_pool(&a, a.bytes[3], a.bytes[2]);
	check_pool(&a, 0, 0);
}

static void check_mac(const char *s)
{
	uint8_t mac[LAB_MAC_LEN], again[LAB_MAC_LEN];
	char text[LAB_MAC_STRLEN];

	if (lab_mac_parse(s, mac) < 0)
		return;
	check(lab_mac_parse(lab_mac_format(mac, text), again) == 0);
	check(memcmp(mac, again, sizeof(mac)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *s = malloc(size + 1);

	if (!s)
		return 0;
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	check_addr(s);
	check_mac(s);
	return 0;
}
