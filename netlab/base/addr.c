/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addr.c - IPv4 and IPv6 addresses with a prefix length, and Ethernet addresses */
#include "netlab/base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/parse.h"

static unsigned int max_prefix(const struct lab_addr *a)
{
	return lab_addr_len(a) * 8;
}

/* Decimal digits only, and no leading zero, which some would read as octal. */
static int parse_prefix(const char *s, unsigned int max, uint8_t *ret)
{
	unsigned int n;
	int r;

	if (strspn(s, "0123456789") != strlen(s) || (s[0] == '0' && s[1]))
		return -EINVAL;
	r = lab_parse_uint(s, 0, max, &n);
	if (r == 0)
		*ret = (uint8_t)n;
	return r;
}

int lab_addr_parse(const char *s, struct lab_addr *ret)
{
	size_t len = strcspn(s, "/");
	char host[INET6_ADDRSTRLEN];
	struct lab_addr a = { 0 };
	int r;

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, s, len);
	host[len] = '\0';
	a.family = strchr(host, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a.family, host, a.bytes) != 1)
		return -EINVAL;
	a.prefix_len = (uint8_t)max_prefix(&a);
	if (s[len] == '/') {
		r = parse_prefix(s + len + 1, max_prefix(&a), &a.prefix_len);
		if (r < 0)
			return r;
	}
	*ret = a;
	return 0;
}

char *lab_addr_format(const struct lab_addr *a, bool with_prefix, char buf[LAB_ADDR_STRLEN])
{
	size_t used;

	buf[0] = '\0';
	if (!lab_addr_len(a) || !inet_ntop(a->family, a->bytes, buf, LAB_ADDR_STRLEN))
		(void)snprintf(buf, LAB_ADDR_STRLEN, "none");
	else if (with_prefix) {
		used = strlen(buf);
		(void)snprintf(buf + used, LAB_ADDR_STRLEN - used, "/%u", a->prefix_len);
	}
	return buf;
}

unsigned int lab_addr_len(const struct lab_addr *a)
{
	return a->family == AF_INET ? 4 : a->family == AF_INET6 ? 16 : 0;
}

bool lab_addr_equal(const struct lab_addr *a, const struct lab_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, lab_addr_len(a)) == 0;
}

static bool get_bit(const struct lab_addr *a, unsigned int i)
{
	return a->bytes[i / 8] >> (7 - i % 8) & 1;
}

bool lab_addr_in_subnet(const struct lab_addr *a, const struct lab_addr *net)
{
	unsigned int whole = net->prefix_len / 8, rest = net->prefix_len % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (a->family != net->family || net->prefix_len > max_prefix(net))
		return false;
	if (memcmp(a->bytes, net->bytes, whole) != 0)
		return false;
	return !rest || ((a->bytes[whole] ^ net->bytes[whole]) & mask) == 0;
}

/* Are all bits behind the prefix alike. */
static bool host_bits_are(const struct lab_addr *a, bool value)
{
	unsigned int i;

	for (i = a->prefix_len; i < max_prefix(a); i++)
		if (get_bit(a, i) != value)
			return false;
	return true;
}

static bool is_host4(const struct lab_addr *a)
{
	static const uint8_t zero[4], ones[4] = { 255, 255, 255, 255 };

	if (memcmp(a->bytes, zero, 4) == 0 || memcmp(a->bytes, ones, 4) == 0)
		return false;
	if (a->bytes[0] == 127 || (a->bytes[0] & 0xf0) == 224)
		return false;
	/* RFC 3021: the two addresses of a /31 are both hosts; a /32 is one. */
	return a->prefix_len > 30 || (!host_bits_are(a, false) && !host_bits_are(a, true));
}

static bool is_host6(const struct lab_addr *a)
{
	static const uint8_t zero[16], loopback[16] = { [15] = 1 };

	return memcmp(a->bytes, zero, 16) != 0 && memcmp(a->bytes, loopback, 16) != 0 &&
	       a->bytes[0] != 0xff;
}

bool lab_addr_is_host(const struct lab_addr *a)
{
	if (a->family == AF_INET)
		return a->prefix_len <= 32 && is_host4(a);
	return a->family == AF_INET6 && a->prefix_len <= 128 && is_host6(a);
}

/* Write @value into the bits before bit @end, @width of them; false if it needs more. */
static bool put_bits(struct lab_addr *a, unsigned int end, unsigned int width, uint64_t value)
{
	unsigned int i, bit;

	for (i = 0; i < width; i++, value >>= 1) {
		bit = end - 1 - i;
		if (value & 1)
			a->bytes[bit / 8] |= (uint8_t)(1u << (7 - bit % 8));
	}
	return value == 0;
}

int lab_addr_nth(const struct lab_addr *pool, unsigned int prefix_len, uint64_t subnet,
		 uint64_t host, struct lab_addr *ret)
{
	struct lab_addr a = { .family = pool->family };
	unsigned int i;

	if (prefix_len > max_prefix(pool) || prefix_len < pool->prefix_len)
		return -ERANGE;
	for (i = 0; i < pool->prefix_len; i++)
		if (get_bit(pool, i))
			a.bytes[i / 8] |= (uint8_t)(1u << (7 - i % 8));
	a.prefix_len = (uint8_t)prefix_len;
	if (!put_bits(&a, prefix_len, prefix_len - pool->prefix_len, subnet) ||
	    !put_bits(&a, max_prefix(pool), max_prefix(pool) - prefix_len, host))
		return -ERANGE;
	*ret = a;
	return 0;
}

int lab_mac_parse(const char *s, uint8_t ret[LAB_MAC_LEN])
{
	static const char hex[] = "0123456789abcdefABCDEF";
	uint8_t mac[LAB_MAC_LEN];
	char part[5] = "0x";
	unsigned int i, v;

	if (strlen(s) != LAB_MAC_STRLEN - 1)
		return -EINVAL;
	for (i = 0; i < LAB_MAC_LEN; i++, s += 3) {
		if (strspn(s, hex) != 2 || (s[2] && s[2] != ':' && s[2] != '-'))
			return -EINVAL;
		memcpy(part + 2, s, 2);
		if (lab_parse_uint(part, 0, 255, &v) < 0)
			return -EINVAL;
		mac[i] = (uint8_t)v;
	}
	memcpy(ret, mac, sizeof(mac));
	return 0;
}

char *lab_mac_format(const uint8_t mac[LAB_MAC_LEN], char buf[LAB_MAC_STRLEN])
{
	(void)snprintf(buf, LAB_MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		       mac[3], mac[4], mac[5]);
	return buf;
}
