/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addr.h - IPv4 and IPv6 addresses with a prefix length, and Ethernet addresses */
#ifndef NETLAB_BASE_ADDR_H
#define NETLAB_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#define LAB_ADDR_STRLEN 64 /* enough for any formatted address with its prefix length */
#define LAB_MAC_STRLEN  18
#define LAB_MAC_LEN     6

/**
 * struct lab_addr - an IP address with a prefix length
 * @family:	AF_INET, AF_INET6, or 0 for "none"
 * @prefix_len:	bits, 0..32 or 0..128
 * @bytes:	network byte order; IPv4 uses the first four, the rest is zero
 */
struct lab_addr {
	uint8_t family;
	uint8_t prefix_len;
	uint8_t bytes[16];
};

/**
 * lab_addr_parse() - Read "10.0.0.1/24", "fd00::1/64", or either without "/n"
 * @s:		text, the whole of it; no scope ("%eth0"), no white space, IPv4 as four decimal
 *		parts
 * @ret:	the address, on success; without "/n" the prefix length is 32 or 128
 *
 * Return: 0 or -errno. Errors: -EINVAL not an address, -ERANGE prefix length too large.
 * Source: inet_pton(3); RFC 4291 section 2.2, RFC 4632 section 3.1.
 */
int lab_addr_parse(const char *s, struct lab_addr *ret);

/**
 * lab_addr_format() - Write an address
 * @a:		address
 * @with_prefix: append "/n"
 * @buf:	written
 *
 * Return: @buf.
 * Source: RFC 5952 (what inet_ntop(3) writes).
 */
char *lab_addr_format(const struct lab_addr *a, bool with_prefix, char buf[LAB_ADDR_STRLEN]);

/**
 * lab_addr_len() - Bytes in an address of its family
 * @a:		address
 *
 * Return: 4, 16, or 0 for none.
 */
unsigned int lab_addr_len(const struct lab_addr *a);

/**
 * lab_addr_equal() - Same family and same address; the prefix length does not count
 * @a:		one
 * @b:		other
 *
 * Return: true if they are one address.
 */
bool lab_addr_equal(const struct lab_addr *a, const struct lab_addr *b);

/**
 * lab_addr_in_subnet() - Is an address inside the subnet of another
 * @a:		address
 * @net:	any address of the subnet, with the subnet's prefix length
 *
 * Return: true if so; false if the families differ.
 */
bool lab_addr_in_subnet(const struct lab_addr *a, const struct lab_addr *net);

/**
 * lab_addr_is_host() - Can an interface have this address
 * @a:		address with its prefix length
 *
 * Refused: unspecified, multicast, loopback of IPv6 and 127/8, 255.255.255.255, and (up to /30 of
 * IPv4) the subnet's network and broadcast address.
 * Return: true if it can.
 * Source: RFC 1122 section 3.2.1.3, RFC 3021, RFC 4291 section 2.5.
 */
bool lab_addr_is_host(const struct lab_addr *a);

/**
 * lab_addr_nth() - The n-th subnet of a pool, and the h-th address in it
 * @pool:	base address and prefix length of the pool
 * @prefix_len:	length of each subnet, longer than or equal to the pool's
 * @subnet:	which subnet, from 0
 * @host:	which address in it; 0 is the subnet itself
 * @ret:	the address with @prefix_len, on success
 *
 * Return: 0 or -ERANGE if the pool has no such subnet or the subnet no such address.
 */
int lab_addr_nth(const struct lab_addr *pool, unsigned int prefix_len, uint64_t subnet,
		 uint64_t host, struct lab_addr *ret);

/**
 * lab_mac_parse() - Read "52:54:01:00:00:01" (also with '-')
 * @s:		text, the whole of it
 * @ret:	six bytes, on success
 *
 * Return: 0 or -EINVAL.
 */
int lab_mac_parse(const char *s, uint8_t ret[LAB_MAC_LEN]);

/**
 * lab_mac_format() - Write an Ethernet address in lower case with colons
 * @mac:	six bytes
 * @buf:	written
 *
 * Return: @buf.
 */
char *lab_mac_format(const uint8_t mac[LAB_MAC_LEN], char buf[LAB_MAC_STRLEN]);

#endif
