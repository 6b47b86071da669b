/* SPDX-License-Identifier: GPL-2.0-or-later */
/* digest.c - SHA-256 of content, the name under which files travel */
#include "netlab/rpc/digest.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static void finish(struct sha256_ctx *ctx, char ret[LAB_DIGEST_STRLEN])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t raw[SHA256_DIGEST_SIZE];
	size_t i;

	sha256_digest(ctx, sizeof(raw), raw);
	for (i = 0; i < sizeof(raw); i++) {
		ret[2 * i] = hex[raw[i] >> 4];
		ret[2 * i + 1] = hex[raw[i] & 15];
	}
	ret[2 * sizeof(raw)] = '\0';
}

void lab_digest_mem(const void *data, size_t len, char ret[LAB_DIGEST_STRLEN])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	if (len)
		sha256_update(&ctx, len, data);
	finish(&ctx, ret);
}

int lab_digest_fd(int fd, char ret[LAB_DIGEST_STRLEN])
{
	uint8_t buf[8192];
	struct sha256_ctx ctx;
	ssize_t n;

	sha256_init(&ctx);
	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		sha256_update(&ctx, (size_t)n, buf);
	}
	finish(&ctx, ret);
	return 0;
}

int lab_digest_valid(const char *s)
{
	return strlen(s) == LAB_DIGEST_STRLEN - 1 &&
	       strspn(s, "0123456789abcdef") == LAB_DIGEST_STRLEN - 1;
}
